import type { Pool } from '#platform/db/client.ts';
import { wireId } from '#platform/ids.ts';
import { closeVoucherSteps, openVoucherSteps } from '../earning/index.ts';
import type { Command, Ledger } from '../ledger/index.ts';
import type { GiftBody } from './gift-vouchers.facts.ts';
import { waitingGiftVouchers } from './gift-vouchers.store.ts';

/** How many steps are carried out at once. */
const PAGE = 500;

/**
 * Hands out what orders have noted that they give, and takes back what they do not give any more; then what waited for codes
 * of a pool that has some again. Interrupted or run twice it gives nothing twice: an order has one voucher of a campaign.
 */
export async function giveVouchers({ ledger, pool }: { ledger: Ledger; pool: Pool }): Promise<void> {
  await fill({ ledger, pool });
  for (;;) {
    const steps = await openVoucherSteps(pool, PAGE);
    const outcomes = await ledger.run(
      steps.map(({ programId, memberId, orderId, campaign, rule, reward, step }) =>
        giftCommand(programId, memberId, { step, of: { orderId, campaign, rule, reward } }),
      ),
    );
    // What failed for a reason of the engine's own is tried again the next time.
    const done = steps.filter((_, index) => {
      const outcome = outcomes[index];
      return outcome?.ok || outcome?.refusal.code !== 'command_failed';
    });
    await closeVoucherSteps(pool, done);
    if (steps.length < PAGE || done.length === 0) return;
  }
}

/** Gives codes to those who have waited longest for them. */
async function fill({ ledger, pool }: { ledger: Ledger; pool: Pool }): Promise<void> {
  const waiting = await waitingGiftVouchers(pool, PAGE);
  if (waiting.length === 0) return;
  await ledger.run(
    waiting.map(({ programId, memberId, id }) => giftCommand(programId, memberId, { step: 'issue', id })),
  );
}

/** Idempotent by nature: it has no key. */
export const giftCommand = (
  programId: number,
  memberId: number,
  gift: GiftBody['gift'],
): Command<GiftBody> => ({
  type: 'gift_voucher',
  programId,
  member: wireId('mem', BigInt(memberId)),
  key: null,
  payload: null,
  body: { gift },
});
