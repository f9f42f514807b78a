import * as z from 'zod';
import { type Outcome, refuse } from '#platform/errors.ts';
import { type Problems, pointersOf } from '#platform/http/problems.ts';
import type { Command, Done, Ledger } from '../../ledger/index.ts';

/** The rows of a bulk call, and what each of them has to be. */
interface Rows<Input> {
  /** Taken out one and all: as they were sent they are not kept while their commands wait. */
  readonly rows: unknown[];
  readonly schema: z.ZodType<Input>;
  /** What a mistake calls a row: `order`. */
  readonly what: string;
}

type Made = Outcome<Command>;

/**
 * Carries out the rows of a bulk call: each is checked and decided by itself, and has its outcome in its place. With
 * `minimal` what went well is not answered.
 */
export async function runRows<Answer extends object, Input>(
  ledger: Ledger,
  rows: Rows<Input>,
  commandOf: (input: Input) => Made | Promise<Made>,
  { dryRun, minimal }: { dryRun: boolean; minimal: boolean },
): Promise<Outcome<Done<Answer>>[]> {
  const made = commandsOf(rows, commandOf);
  // A thousand promises take longer than the orders, so none is made where all is known at once.
  const commands = made.some(row => row instanceof Promise) ? await Promise.all(made) : (made as Made[]);
  const outcomes = await ledger.run<Answer>(accepted(commands), dryRun, !minimal);
  let next = 0;
  return commands.map(row => (row.ok ? (outcomes[next++] as Outcome<Done<Answer>>) : row));
}

const commandsOf = <Input>(
  { rows, schema, what }: Rows<Input>,
  commandOf: (input: Input) => Made | Promise<Made>,
): (Made | Promise<Made>)[] =>
  rows.splice(0).map(raw => {
    const parsed = schema.safeParse(raw);
    if (parsed.success) return commandOf(parsed.data);
    return refuse('invalid_request', `The row is not a well-formed ${what}.`, {
      errors: pointersOf(parsed.error, ''),
    });
  });

function accepted(commands: readonly Made[]): Command[] {
  const taken: Command[] = [];
  for (const row of commands) if (row.ok) taken.push(row.value);
  return taken;
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
