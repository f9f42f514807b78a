import { accept, refuse } from '#platform/errors.ts';
import type { Answer, Credentials } from '#platform/http/api.ts';
import { wireId } from '#platform/ids.ts';
import { carryOutKeyed, type Ledger, type Owners } from '../ledger/index.ts';
import { type ChangeAnswer, changePayload } from './changes.ts';
import type { ChangeBody } from './model.ts';

/** How routes carry out a change of a redemption, by whatever address it was asked for. */
export const changer =
  ({ ledger, owners }: { ledger: Ledger; owners: Owners }) =>
  (
    program: { id: number },
    credentials: Credentials,
    body: Omit<ChangeBody, 'source'> & { source: string | undefined },
    dryRun: boolean,
  ): Promise<Answer> =>
    carryOutKeyed<ChangeAnswer>(ledger, { program, credentials, body, dryRun }, async source => {
      const owner = await owners.of(body.redemptionId);
      if (owner?.programId !== program.id)
        return refuse('redemption_not_found', 'There is no such redemption in this program.');
      const holder = await ledger.directory.find(program.id, wireId('mem', BigInt(owner.memberId)));
      if (!holder.ok) return holder;
      const sent: ChangeBody = { ...body, source };
      return accept({
        type: 'redemption_change',
        externalId: body.externalId,
        member: `ext:${holder.value.externalId}`,
        payload: changePayload(sent),
        body: sent,
      });
    });
