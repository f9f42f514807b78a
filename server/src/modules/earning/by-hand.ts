import type { Outcome } from '#platform/errors.ts';
import type { Credentials } from '#platform/http/api.ts';
import type { Reference } from '#platform/http/schemas.ts';
import {
  businessKey,
  type Done,
  type Holder,
  type Ledger,
  memberText,
  sourceOf,
  wires,
} from '../ledger/index.ts';

/** A call by which somebody gives a member something, or takes it away, by hand. */
interface ByHand {
  readonly program: { readonly id: number };
  readonly credentials: Credentials;
  readonly params: { readonly member: Reference };
  readonly body: { readonly source?: string | undefined };
  readonly dryRun: boolean;
}

/** Carries out the command that `build` makes for the member and the source of a call, and answers it. */
export async function byHand<Answer extends object>(
  ledger: Ledger,
  { program, credentials, params, body, dryRun }: ByHand,
  build: (
    holder: Holder,
    source: string,
  ) => {
    readonly type: string;
    readonly externalId: string;
    readonly payload: string;
    readonly body: object;
  },
) {
  const source = sourceOf(credentials, body.source);
  if (!source.ok) return source;
  const holder = await ledger.directory.find(program.id, memberText(params.member));
  if (!holder.ok) return holder;
  const { externalId, ...what } = build(holder.value, source.value);
  const command = {
    ...what,
    programId: program.id,
    member: `ext:${holder.value.externalId}`,
    key: businessKey(program.id, source.value, what.type, externalId),
  };
  const [outcome] = await ledger.run<Answer>([command], dryRun);
  return wires(outcome as Outcome<Done<Answer>>);
}
