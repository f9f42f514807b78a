import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeIdCursor, encodeIdCursor } from '#platform/http/cursors.ts';
import * as schemas from '#platform/http/schemas.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import { type Done, type Ledger, memberText } from '../ledger/index.ts';
import { listGiftVouchers } from './gift-vouchers.store.ts';
import { type GiftAnswer, giftToWire, giftVoucherSchema } from './gift-vouchers.wire.ts';

const memberParams = z.strictObject({ member: schemas.reference('mem') });
const answer = z.strictObject({ voucher: giftVoucherSchema }).meta({ id: 'GiftVoucherAnswer' });

/** Vouchers that members got for orders by campaigns. */
export const giftVoucherRoutes =
  ({ ledger, pool }: { ledger: Ledger; pool: Pool }) =>
  (api: Api): void => {
    const asked =
      (step: 'reveal' | 'retry') =>
      async (call: {
        program: { id: number };
        params: { member: schemas.Reference; voucher: bigint };
        dryRun: boolean;
      }): Promise<Outcome<Pick<GiftAnswer, 'voucher'>>> => {
        const { program, params, dryRun } = call;
        const holder = await ledger.directory.find(program.id, memberText(params.member));
        if (!holder.ok) return holder;
        const command = {
          type: 'gift_voucher',
          programId: program.id,
          member: `ext:${holder.value.externalId}`,
          key: null,
          payload: null,
          body: { gift: { step, id: params.voucher } },
        };
        const [outcome] = (await ledger.run<GiftAnswer>([command], dryRun)) as [Outcome<Done<GiftAnswer>>];
        return outcome.ok ? accept({ voucher: outcome.value.answer().voucher }) : outcome;
      };

    api.route(
      {
        method: 'GET',
        path: '/v1/members/{member}/vouchers',
        scope: 'redemptions:read',
        tag: 'Rewards',
        operation: 'listGiftVouchers',
        summary: 'The vouchers that a member got by campaigns, newest first',
        description: 'Never shows a code. An order is in the list shortly after it was taken.',
        program: true,
        params: memberParams,
        query: schemas.pageQuery,
        answers: { 200: schemas.page(giftVoucherSchema).meta({ id: 'GiftVoucherPage' }) },
        refusals: ['member_not_found', 'member_reference_invalid'],
      },
      async ({ program, params, query: { cursor, limit } }) => {
        const before = cursor === undefined ? MAX_AMOUNT : decodeIdCursor(cursor);
        if (before === undefined)
          return refuse('invalid_request', 'The cursor is not one of this list.', {
            errors: [{ pointer: '/query/cursor', message: 'is not from this list' }],
          });
        const holder = await ledger.directory.find(program.id, memberText(params.member));
        if (!holder.ok) return holder;
        const rows = await listGiftVouchers(pool, holder.value.id, before, limit + 1);
        const shown = rows.slice(0, limit);
        const last = shown.at(-1);
        return accept({
          data: shown.map(voucher => giftToWire(voucher)),
          next: rows.length > limit && last !== undefined ? encodeIdCursor(last.id) : null,
        });
      },
    );

    api.route(
      {
        method: 'POST',
        path: '/v1/members/{member}/vouchers/{voucher}/reveal',
        scope: 'redemptions:write',
        tag: 'Rewards',
        operation: 'revealGiftVoucher',
        summary: 'Hand out the code of a voucher',
        description:
          'The first call takes a code of the pool and shows it; every other one shows the same code again. From then on the voucher stays, even if its order comes back.',
        program: true,
        dryRun: true,
        params: memberParams.extend({ voucher: schemas.wireIdOf('vch') }),
        answers: { 200: answer },
        refusals: [
          'member_not_found',
          'member_reference_invalid',
          'voucher_not_found',
          'voucher_waiting',
          'voucher_withdrawn',
          'reward_unavailable',
          'voucher_key_missing',
        ],
      },
      asked('reveal'),
    );

    api.route(
      {
        method: 'POST',
        path: '/v1/members/{member}/vouchers/{voucher}/retry',
        scope: 'redemptions:write',
        tag: 'Rewards',
        operation: 'retryGiftVoucher',
        summary: 'Give a voucher that was refused, if it can be given now',
        description:
          'Decided by the reward as it is in force now, its limit and its pool. A voucher that was not refused stays as it is, so the call can be sent again.',
        program: true,
        dryRun: true,
        params: memberParams.extend({ voucher: schemas.wireIdOf('vch') }),
        answers: { 200: answer },
        refusals: [
          'member_not_found',
          'member_reference_invalid',
          'voucher_not_found',
          'voucher_withdrawn',
          'reward_unavailable',
        ],
      },
      asked('retry'),
    );
  };
