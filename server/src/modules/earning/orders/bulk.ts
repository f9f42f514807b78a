import * as z from 'zod';
import type { Outcome } from '#platform/errors.ts';
import type { Problems } from '#platform/http/problems.ts';
import type { Done } from '../../ledger/index.ts';

/** The results of a bulk call; `minimal` leaves out what went well. */
export function bulkOf<Answer extends object>(
  outcomes: readonly Outcome<Done<Answer>>[],
  problems: Problems,
  minimal: boolean,
) {
  const results: object[] = [];
  const counts = { created: 0, known: 0, refused: 0 };
  for (const [row, outcome] of outcomes.entries()) {
    const status = !outcome.ok ? 'refused' : outcome.value.known ? 'known' : 'created';
    counts[status] += 1;
    if (!outcome.ok) results.push({ row, status, problem: problems.ofRefusal(outcome.refusal).body });
    else if (!minimal)
      results.push({ row, status, answer: { known: outcome.value.known, ...outcome.value.answer() } });
  }
  return { ...counts, results };
}

/** Rows are checked one by one, so that a mistake refuses its row and not the whole call. */
export const rowOf = (schema: z.ZodType) =>
  z
    .unknown()
    .meta(
      z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12', unrepresentable: 'any' }) as Record<
        string,
        unknown
      >,
    );

export const problemSchema = z
  .record(z.string(), z.unknown())
  .meta({ id: 'RowProblem', description: 'The problem document of one row.' });

/** The schema of what `bulkOf` gives. */
export const bulkAnswerOf = (answer: z.ZodType, id: string) =>
  z
    .strictObject({
      created: z.int(),
      known: z.int(),
      refused: z.int(),
      results: z.array(
        z.strictObject({
          row: z.int().meta({ description: 'The place in the call, from 0.' }),
          status: z.enum(['created', 'known', 'refused']),
          answer: answer.optional(),
          problem: problemSchema.optional(),
        }),
      ),
    })
    .meta({
      id,
      description: 'One result for each row. With `Prefer: return=minimal` only the refused rows are listed.',
    });

/** `Prefer: return=minimal` of a bulk call. */
export const preferHeader = z.object({
  prefer: z.string().max(200).optional().meta({ description: '`return=minimal` lists only refused rows.' }),
});
export const prefersMinimal = ({ prefer }: z.output<typeof preferHeader>): boolean =>
  prefer?.includes('return=minimal') === true;
