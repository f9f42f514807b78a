import { accept, type Outcome } from '#platform/errors.ts';
import type { Credentials } from '#platform/http/api.ts';
import type { Reference } from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import type { Command, Done } from './commands.ts';
import { businessKey } from './lanes.ts';
import type { Ledger } from './service.ts';
import { sourceOf } from './sources.ts';

/** A reference as the lanes take it. */
export const memberText = (reference: Reference): string =>
  reference.id === undefined ? `ext:${reference.externalId}` : wireId('mem', reference.id);

/** A member as commands name it: in one form, by which the lanes tell members apart, so ids of ours are looked up. */
export async function sameForm(
  ledger: Ledger,
  programId: number,
  reference: Reference,
): Promise<Outcome<string>> {
  if (reference.id === undefined) return accept(memberText(reference));
  const found = await ledger.directory.find(programId, memberText(reference));
  return found.ok ? accept(`ext:${found.value.externalId}`) : found;
}

/** Carries out the one command of a call, and answers it. */
export async function carryOut<Answer extends object>(ledger: Ledger, command: Command, dryRun: boolean) {
  const [outcome] = (await ledger.run<Answer>([command], dryRun)) as [Outcome<Done<Answer>>];
  if (!outcome.ok) return outcome;
  const { known } = outcome.value;
  return { ...accept({ known, ...outcome.value.answer() }), status: known ? 200 : 201 };
}

/** A call that writes; who sends it may name the source. */
interface Write {
  readonly program: { readonly id: number };
  readonly credentials: Credentials;
  readonly body: { readonly source?: string | undefined };
  readonly dryRun: boolean;
}

/** A command but for its key, of which it gives the id that its sender chose. */
type Keyless = Omit<Command, 'programId' | 'key'> & { readonly externalId: string };

/** Carries out the command that `build` makes for the source of a call, under its business key, and answers it. */
export async function carryOutKeyed<Answer extends object>(
  ledger: Ledger,
  { program, credentials, body, dryRun }: Write,
  build: (source: string) => Promise<Outcome<Keyless>>,
) {
  const source = sourceOf(credentials, body.source);
  if (!source.ok) return source;
  const built = await build(source.value);
  if (!built.ok) return built;
  const { externalId, ...command } = built.value;
  const key = businessKey(program.id, source.value, command.type, externalId);
  return carryOut<Answer>(ledger, { ...command, programId: program.id, key }, dryRun);
}
