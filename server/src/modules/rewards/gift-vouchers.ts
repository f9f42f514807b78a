import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { CommandType, Context } from '../ledger/index.ts';
import { type LoadRewards, nextCode, type RewardFacts } from './facts.ts';
import { type GiftBody, keepGift, knownGift, poolOfGift } from './gift-vouchers.facts.ts';
import { type GiftVoucher, giftVouchers, writeGiftVouchers } from './gift-vouchers.store.ts';
import { type GiftAnswer, giftToWire } from './gift-vouchers.wire.ts';
import { type Aside, NOTHING_ASIDE, type ProgramInForce } from './model.ts';
import { stockKey } from './stock.facts.ts';
import { writeAsides } from './store.ts';
import type { Vouchers } from './vouchers.ts';

/** What became of a voucher. */
interface StoredGift {
  readonly id: bigint;
  readonly voucher: GiftVoucher;
  /** Null where nothing changed. */
  readonly aside: Aside | null;
}

/** What a step does: null where it does nothing any more. */
type Changed = { readonly voucher: GiftVoucher; readonly aside: Aside } | null;

const itemOf = ({ pool }: Pick<GiftVoucher, 'pool'>): string => `pool:${pool}`;

/** Takes a unit of the pool's stock for a voucher; where there is none it waits. */
function issue(voucher: GiftVoucher, facts: RewardFacts): NonNullable<Changed> {
  const { programId, changedAt } = voucher;
  const item = itemOf(voucher);
  const unit = facts.stocks.get(stockKey({ programId, item }))?.next(changedAt);
  if (unit === undefined)
    return { voucher: { ...voucher, state: 'waiting', shard: null }, aside: NOTHING_ASIDE };
  const { shard, lapsed } = unit;
  return {
    voucher: { ...voucher, state: 'issued', shard },
    aside: {
      ...NOTHING_ASIDE,
      lapsed,
      moves: lapsed === null ? [{ programId, item, shard, change: -1 }] : [],
    },
  };
}

/** What nobody has seen is taken back: its unit can be given to somebody else. */
function withdraw(voucher: GiftVoucher, known: GiftVoucher): Changed {
  if (known.state !== 'waiting' && known.state !== 'issued') return null;
  const { programId, shard } = known;
  const moves = shard === null ? [] : [{ programId, item: itemOf(known), shard, change: 1 }];
  return { voucher: { ...voucher, state: 'withdrawn', shard: null }, aside: { ...NOTHING_ASIDE, moves } };
}

/** Hands the code out. */
function reveal(voucher: GiftVoucher, facts: RewardFacts, vouchers: Vouchers): Outcome<Changed> {
  if (voucher.state === 'revealed') return accept(null);
  if (voucher.state === 'waiting')
    return refuse(
      'voucher_waiting',
      `The pool "${voucher.pool}" has no code left. The voucher waits for one.`,
    );
  if (voucher.state === 'withdrawn')
    return refuse(
      'voucher_withdrawn',
      'The order that gave the voucher came back before anybody saw its code.',
    );
  const { programId, id } = voucher;
  const code = nextCode(facts, vouchers, { programId, item: itemOf(voucher) });
  if (!code.ok) return code;
  return accept({
    voucher: { ...voucher, state: 'revealed', code: code.value },
    aside: { ...NOTHING_ASIDE, code: { id: code.value.id, redemptionId: id } },
  });
}

function changed(
  { body }: { body: GiftBody },
  known: GiftVoucher | undefined,
  facts: RewardFacts,
  vouchers: Vouchers,
  { id, holder, program }: Context,
): Outcome<{ voucher: GiftVoucher; aside: Aside | null }> {
  const { gift } = body;
  const { now } = program;
  if ('of' in gift) {
    const { id: programId } = program;
    const pool = poolOfGift(gift.of, program as ProgramInForce);
    const own = {
      id,
      givenAt: now,
      ...known,
      ...gift.of,
      programId,
      memberId: holder.id,
      pool,
      changedAt: now,
    };
    const fresh: GiftVoucher = { ...own, state: 'withdrawn', shard: null, code: known?.code ?? null };
    const isOpen = known !== undefined && known.state !== 'withdrawn';
    if (gift.step === 'given') return accept(isOpen ? { voucher: known, aside: null } : issue(fresh, facts));
    const nothing = { voucher: known ?? fresh, aside: null };
    return accept(known === undefined ? nothing : (withdraw({ ...known, changedAt: now }, known) ?? nothing));
  }
  if (known === undefined || known.programId !== program.id || known.memberId !== holder.id)
    return refuse('voucher_not_found', 'The member has no such voucher in this program.');
  const nothing = { voucher: known, aside: null };
  const own = { ...known, changedAt: now };
  if (gift.step === 'reveal') {
    const revealed = reveal(own, facts, vouchers);
    return revealed.ok ? accept(revealed.value ?? nothing) : revealed;
  }
  const issued = known.state === 'waiting' ? issue(own, facts) : null;
  return accept(issued?.voucher.state === 'issued' ? issued : nothing);
}

/** `gift_voucher`: the voucher that an order gives by a campaign is issued, withdrawn or revealed; each step once. */
export const giftVoucherType = (
  load: LoadRewards,
  vouchers: Vouchers,
): CommandType<GiftBody, RewardFacts, StoredGift, GiftAnswer> => ({
  name: 'gift_voucher',
  amends: false,
  enrols: () => false,
  needsLots: () => false,
  admit: () => undefined,
  load,

  decide(command, facts, context) {
    const known = knownGift(facts.gifts, command.body);
    const done = changed(command, known, facts, vouchers, context);
    if (!done.ok) return done;
    const { voucher, aside } = done.value;
    const { order, ...told } = giftToWire(voucher);
    const data = {
      voucher: told.id,
      order,
      campaign: voucher.campaign,
      rule: voucher.rule,
      reward: voucher.reward,
    };
    return accept({
      record: { id: context.id, voucher, aside },
      drafts: [],
      fact:
        aside === null
          ? null
          : {
              type: `voucher.${voucher.state}`,
              occurredAt: context.program.now,
              data: { ...data, pool: voucher.pool },
            },
    });
  },

  evolve(facts, { voucher, aside }) {
    if (aside === null) return;
    keepGift(facts.gifts, voucher);
    const key = stockKey({ programId: voucher.programId, item: itemOf(voucher) });
    for (const { shard, change } of aside.moves)
      if (change > 0) facts.stocks.get(key)?.giveBack(shard);
      else facts.stocks.get(key)?.take({ shard, lapsed: null });
    if (aside.lapsed !== null)
      facts.stocks.get(key)?.take({ shard: voucher.shard as number, lapsed: aside.lapsed });
    if (aside.code !== null) facts.codes.get(key)?.shift();
  },
  async store(tx, decisions) {
    const moved = decisions.flatMap(({ stored: { voucher, aside } }) =>
      aside === null ? [] : { voucher, aside },
    );
    const last = new Map(moved.map(({ voucher }) => [voucher.id, voucher]));
    await Promise.all([writeGiftVouchers(tx, [...last.values()]), ...writeAsides(tx, moved)]);
  },
  find: async (tx, ids) =>
    new Map(
      (await giftVouchers(tx, ids)).map(voucher => [
        voucher.id,
        { stored: { id: voucher.id, voucher, aside: null }, posted: [] },
      ]),
    ),
  differences: () => [],
  answer: ({ voucher }) => ({ voucher: giftToWire(voucher, vouchers) }),
});
