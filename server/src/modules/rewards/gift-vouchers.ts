import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { CommandType, Context } from '../ledger/index.ts';
import { isEarly, refusalOfGift, rewardUnavailable } from './catalogue.ts';
import { type LoadRewards, nextCode, noteUse, type RewardFacts, usedBy } from './facts.ts';
import {
  type GiftBody,
  isNothing,
  keepGift,
  knownGift,
  poolOfGift,
  rewardOfGift,
} from './gift-vouchers.facts.ts';
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

/** Takes a unit of the pool's stock for a voucher; where there is none it waits. What its reward rules out is refused. */
function issue(voucher: GiftVoucher, facts: RewardFacts, program: ProgramInForce): NonNullable<Changed> {
  const { programId, memberId, changedAt } = voucher;
  const used = usedBy(facts, memberId, voucher.reward);
  const [refused] = refusalOfGift(rewardOfGift(voucher, program), { now: changedAt, used });
  if (refused !== undefined) {
    const reason = refused.code as GiftVoucher['reason'];
    return { voucher: { ...voucher, state: 'refused', reason, shard: null }, aside: NOTHING_ASIDE };
  }
  const item = itemOf(voucher);
  const unit = facts.stocks.get(stockKey({ programId, item }))?.next(changedAt);
  if (unit === undefined)
    return { voucher: { ...voucher, state: 'waiting', shard: null }, aside: NOTHING_ASIDE };
  const { shard, lapsed } = unit;
  return {
    voucher: { ...voucher, state: 'issued', shard, givenAt: changedAt },
    aside: {
      ...NOTHING_ASIDE,
      lapsed,
      moves: lapsed === null ? [{ programId, item, shard, change: -1 }] : [],
    },
  };
}

/** What nobody has seen is taken back: its unit can be given to somebody else. */
function withdraw(voucher: GiftVoucher, known: GiftVoucher): Changed {
  if (known.state === 'revealed' || known.state === 'withdrawn') return null;
  const { programId, shard } = known;
  const moves = shard === null ? [] : [{ programId, item: itemOf(known), shard, change: 1 }];
  const withdrawn: GiftVoucher = { ...voucher, state: 'withdrawn', reason: null, shard: null };
  return { voucher: withdrawn, aside: { ...NOTHING_ASIDE, moves } };
}

const gone = () =>
  refuse('voucher_withdrawn', 'The order that gave the voucher came back before anybody saw its code.');

/** Gives what was refused, where what refused it does not any more; what was not refused stays as it is. */
function retry(voucher: GiftVoucher, facts: RewardFacts, program: ProgramInForce): Outcome<Changed> {
  if (voucher.state === 'withdrawn') return gone();
  if (voucher.state !== 'refused') return accept(null);
  const again = issue({ ...voucher, reason: null, givenAt: voucher.changedAt }, facts, program);
  const { reason } = again.voucher;
  return reason === null
    ? accept(again)
    : rewardUnavailable(rewardOfGift(voucher, program), [{ code: reason }]);
}

/** Hands the code out. */
function reveal(
  voucher: GiftVoucher,
  facts: RewardFacts,
  vouchers: Vouchers,
  program: ProgramInForce,
): Outcome<Changed> {
  if (voucher.state === 'revealed') return accept(null);
  const reward = rewardOfGift(voucher, program);
  if (voucher.reason !== null) return rewardUnavailable(reward, [{ code: voucher.reason }]);
  if (voucher.state === 'waiting')
    return refuse(
      'voucher_waiting',
      `The pool "${voucher.pool}" has no code left. The voucher waits for one.`,
    );
  if (voucher.state === 'withdrawn') return gone();
  const early = isEarly(reward, program.now);
  if (early.length > 0) return rewardUnavailable(reward, early);
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
  const inForce = program as ProgramInForce;
  if ('of' in gift) {
    const { id: programId } = program;
    const pool = poolOfGift(gift.of, inForce);
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
    const code = known?.code ?? null;
    const fresh: GiftVoucher = { ...own, state: 'withdrawn', reason: null, shard: null, code };
    if (gift.step === 'given')
      return accept(
        known === undefined || isNothing(known)
          ? issue(fresh, facts, inForce)
          : { voucher: known, aside: null },
      );
    const nothing = { voucher: known ?? fresh, aside: null };
    return accept(known === undefined ? nothing : (withdraw({ ...known, changedAt: now }, known) ?? nothing));
  }
  if (known === undefined || known.programId !== program.id || known.memberId !== holder.id)
    return refuse('voucher_not_found', 'The member has no such voucher in this program.');
  const nothing = { voucher: known, aside: null };
  const own = { ...known, changedAt: now };
  if (gift.step !== 'issue') {
    const asked = gift.step === 'retry' ? retry(own, facts, inForce) : reveal(own, facts, vouchers, inForce);
    return asked.ok ? accept(asked.value ?? nothing) : asked;
  }
  const issued = known.state === 'waiting' ? issue(own, facts, inForce) : null;
  return accept(issued === null || issued.voucher.state === 'waiting' ? nothing : issued);
}

/** `gift_voucher`: the voucher that an order gives by a campaign is issued, withdrawn, revealed or tried again; each step once. */
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
      ...(voucher.reason === null ? {} : { reason: voucher.reason }),
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
    const before = facts.gifts.byId.get(voucher.id)?.state;
    keepGift(facts.gifts, voucher);
    const use = { memberId: voucher.memberId, reward: voucher.reward, at: voucher.givenAt };
    if (voucher.state === 'issued') noteUse(facts, use, 1);
    if (voucher.state === 'withdrawn' && before === 'issued') noteUse(facts, use, -1);
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
  answer: ({ voucher, aside }) => ({ voucher: giftToWire(voucher, vouchers), changed: aside !== null }),
});
