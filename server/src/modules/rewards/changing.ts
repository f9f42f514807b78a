import { type Outcome, refuse } from '#platform/errors.ts';
import type { Answer, Credentials } from '#platform/http/api.ts';
import { wireId } from '#platform/ids.ts';
import { businessKey, type Done, type Ledger, type Owners, sourceOf, wires } from '../ledger/index.ts';
import { type ChangeAnswer, changePayload } from './changes.ts';
import type { ChangeBody } from './model.ts';

/** How routes carry out a change of a redemption, by whatever address it was asked for. */
export const changer =
  ({ ledger, owners }: { ledger: Ledger; owners: Owners }) =>
  async (
    program: { id: number },
    credentials: Credentials,
    body: Omit<ChangeBody, 'source'> & { source: string | undefined },
    dryRun: boolean,
  ): Promise<Answer> => {
    const source = sourceOf(credentials, body.source);
    if (!source.ok) return source;
    const owner = await owners.of(body.redemptionId);
    if (owner?.programId !== program.id)
      return refuse('redemption_not_found', 'There is no such redemption in this program.');
    const holder = await ledger.directory.find(program.id, wireId('mem', BigInt(owner.memberId)));
    if (!holder.ok) return holder;
    const sent: ChangeBody = { ...body, source: source.value };
    const command = {
      type: 'redemption_change',
      programId: program.id,
      member: `ext:${holder.value.externalId}`,
      key: businessKey(program.id, source.value, 'redemption_change', body.externalId),
      payload: changePayload(sent),
      body: sent,
    };
    const [outcome] = await ledger.run<ChangeAnswer>([command], dryRun);
    return wires(outcome as Outcome<Done<ChangeAnswer>>);
  };
