import * as z from 'zod';
import { type Outcome, refuse } from '#platform/errors.ts';
import { type Problems, pointersOf } from '#platform/http/problems.ts';
import type { Command, Done, Ledger } from '../../ledger/index.ts';

/** The rows of a bulk call, and what each of them has to be. */
interface Rows<Input> {
  readonly rows: readonly unknown[];
  readonly schema: z.ZodType<Input>;
  /** What a mistake calls a row: `order`. */
  readonly what: string;
}

/**
 * Carries out the rows of a bulk call: each is checked and decided by itself, and has its outcome in its place. With
 * `minimal` what went well is not answered.
 */
export async function runRows<Answer extends object, Input>(
  ledger: Ledger,
  { rows, schema, what }: Rows<Input>,
  commandOf: (input: Input) => Outcome<Command> | Promise<Outcome<Command>>,
  { dryRun, minimal }: { dryRun: boolean; minimal: boolean },
): Promise<Outcome<Done<Answer>>[]> {
  const commands = await Promise.all(
    rows.map((raw): Promise<Outcome<Command>> | Outcome<Command> => {
      const parsed = schema.safeParse(raw);
      if (parsed.success) return commandOf(parsed.data);
      return refuse('invalid_request', `The row is not a well-formed ${what}.`, {
        errors: pointersOf(parsed.error, ''),
      });
    }),
  );
  const outcomes = await ledger.run<Answer>(
    commands.flatMap(row => (row.ok ? [row.value] : [])),
    dryRun,
    !minimal,
  );
  let next = 0;
  return commands.map(row => (row.ok ? (outcomes[next++] as Outcome<Done<Answer>>) : row));
}

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
