import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeIdCursor, encodeIdCursor } from '#platform/http/cursors.ts';
import * as schemas from '#platform/http/schemas.ts';
import type { Ledger } from '../ledger/index.ts';
import { retryRefused } from './gift-vouchers.retrying.ts';

const count = z.int().min(0);

const request = z
  .strictObject({
    campaign: schemas.line(64, 'treat').optional().describe('Only those of this campaign.'),
    reward: schemas.line(64, 'cinema').optional().describe('Only those of this reward.'),
    most: z.int().min(1).max(schemas.MAX_LIMIT).default(500).describe('How many this call tries at most.'),
    after: schemas.cursor.optional().describe('The `next` of the call before; left out: from the oldest on.'),
  })
  .meta({ id: 'RefusedVouchersRetry' });

const answer = z
  .strictObject({
    tried: count,
    given: count.describe('A code is kept for them now.'),
    waiting: count.describe(
      'Nothing refuses them any more, but their pool is empty: they get its next codes.',
    ),
    refused: z
      .array(z.strictObject({ reason: z.enum(['limit_reached', 'no_longer_valid']), count }))
      .describe('Those that are still refused, and why.'),
    meanwhile: count.describe('Given by another call or withdrawn by a return at the same time.'),
    left: count.describe('How many this call has not reached.'),
    next: z.string().nullable().describe('Where the next call goes on, as `after`; null: nothing is left.'),
  })
  .meta({ id: 'RefusedVouchersRetried', description: 'What became of vouchers that were refused.' });

/** All vouchers of a campaign or of a reward that were refused, tried again page by page. */
export const giftVoucherRetryingRoutes =
  (deps: { ledger: Ledger; pool: Pool }) =>
  (api: Api): void =>
    api.route(
      {
        method: 'POST',
        path: '/v1/refused-vouchers/retry',
        scope: 'redemptions:write',
        tag: 'Rewards',
        operation: 'retryRefusedVouchers',
        summary:
          'Give the vouchers of a campaign or of a reward that were refused, as far as they can be given now',
        description:
          'Tries the oldest ones, at most `most`, and says how many are left: call it with `after` until `next` is null. Each is decided as a retry of that voucher alone. One that was given is not refused any more, so a call can be sent again, and by several at once: nothing is given twice. It needs no key.',
        program: true,
        dryRun: true,
        body: request,
        answers: { 200: answer },
        refusals: ['campaign_unknown', 'reward_unknown'],
      },
      async ({ program, body: { campaign, reward, most, after: cursor }, dryRun }) => {
        if (campaign === undefined && reward === undefined)
          return refuse('invalid_request', 'Name a campaign, a reward, or both.', {
            errors: [{ pointer: '/campaign', message: 'is needed where no reward is named' }],
          });
        const after = cursor === undefined ? 0n : decodeIdCursor(cursor);
        if (after === undefined)
          return refuse('invalid_request', 'The cursor is not one of this call.', {
            errors: [{ pointer: '/after', message: 'must be the `next` of an earlier answer' }],
          });
        const wanted = { programId: program.id, campaign: campaign ?? null, reward: reward ?? null, after };
        const done = await retryRefused(deps, wanted, most, dryRun);
        if (!done.ok) return done;
        const { last, refused, ...counts } = done.value;
        return accept({
          ...counts,
          refused: [...refused].map(([reason, count]) => ({ reason, count })),
          next: last === null ? null : encodeIdCursor(last),
        });
      },
    );
