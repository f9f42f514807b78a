import type { Tx } from '#platform/db/client.ts';
import type { Around, Command } from '../ledger/index.ts';
import { type ProgramVersion, type Reward, versionAt } from '../program/index.ts';
import { type GiftVoucher, giftVouchers, giftVouchersOf } from './gift-vouchers.store.ts';
import type { ProgramInForce } from './model.ts';
import type { Want } from './stock.facts.ts';

/** What an order gives by a campaign. */
export type Gift = Pick<GiftVoucher, 'orderId' | 'campaign' | 'rule' | 'reward'>;

/** What is to become of the voucher of an order, or of one that is known by its id. */
export interface GiftBody {
  readonly gift:
    | { readonly step: 'given' | 'withdrawn'; readonly of: Gift }
    | { readonly step: 'issue' | 'reveal' | 'retry'; readonly id: bigint };
}

/** Vouchers that a batch is about, by their orders and campaigns and by their ids. */
export interface GiftFacts {
  readonly byOrder: Map<string, GiftVoucher>;
  readonly byId: Map<bigint, GiftVoucher>;
}

export const giftKey = ({ orderId, campaign }: Pick<Gift, 'orderId' | 'campaign'>): string =>
  `${orderId} ${campaign}`;

export function keepGift({ byOrder, byId }: GiftFacts, voucher: GiftVoucher): void {
  byOrder.set(giftKey(voucher), voucher);
  byId.set(voucher.id, voucher);
}

export const knownGift = ({ byOrder, byId }: GiftFacts, { gift }: GiftBody): GiftVoucher | undefined =>
  'of' in gift ? byOrder.get(giftKey(gift.of)) : byId.get(gift.id);

const isVoucher = (
  reward: Reward | undefined,
): reward is Reward & { readonly gives: { readonly voucher: string } } =>
  reward !== undefined && 'voucher' in reward.gives;

/** The reward as the version had it that the campaign's reference names. */
function promised({ rule, reward }: Pick<Gift, 'rule' | 'reward'>, { program }: ProgramInForce) {
  const version = program.versions[Number(rule.slice(rule.lastIndexOf('@') + 1)) - 1];
  const found = version?.rewards.get(reward);
  if (!isVoucher(found)) throw new Error(`${reward} of ${rule} gives no voucher`);
  return found;
}

/** The pool of a reward, as the version says that the campaign's reference names. */
export const poolOfGift = (gift: Gift, program: ProgramInForce): string =>
  promised(gift, program).gives.voucher;

/** The reward as the version in force has it; where that has no such voucher any more, as it was promised. */
export function rewardOfGift(gift: Pick<Gift, 'rule' | 'reward'>, program: ProgramInForce): Reward {
  const now = versionAt(program.program, program.now).rewards.get(gift.reward);
  return isVoucher(now) ? now : promised(gift, program);
}

/** Whose uses of which reward count before a voucher is given. */
export interface GiftUse {
  readonly memberId: number;
  readonly reward: Reward;
  readonly now: number;
  readonly version: ProgramVersion;
}

/** Whether nothing is kept for a voucher, so that an order that gives it takes a code. */
export const isNothing = (known: GiftVoucher | undefined): boolean =>
  known === undefined || known.state === 'withdrawn';

const takes = ({ gift: { step } }: GiftBody, known: GiftVoucher | undefined): boolean =>
  (step === 'given' && isNothing(known)) ||
  (step === 'issue' && known?.state === 'waiting') ||
  (step === 'retry' && known?.state === 'refused');

/** Reads the vouchers of a batch, and says what they want of the stocks of their pools and whose uses count. */
export async function loadGifts(
  tx: Tx,
  commands: readonly Command<object>[],
  { programs, holders }: Pick<Around, 'programs' | 'holders'>,
): Promise<{ gifts: GiftFacts; wants: Want[]; uses: GiftUse[] }> {
  const asked = commands.flatMap(({ body, programId }, index) =>
    'gift' in body
      ? {
          body: body as GiftBody,
          programId,
          program: programs[index] as ProgramInForce,
          memberId: holders[index]?.id,
        }
      : [],
  );
  const gifts: GiftFacts = { byOrder: new Map(), byId: new Map() };
  if (asked.length === 0) return { gifts, wants: [], uses: [] };
  const orders = asked.flatMap(({ body: { gift } }) => ('of' in gift ? gift.of : []));
  const ids = asked.flatMap(({ body: { gift } }) => ('id' in gift ? gift.id : []));
  const found = await Promise.all([
    giftVouchersOf(tx, orders),
    ids.length === 0 ? [] : giftVouchers(tx, ids),
  ]);
  for (const voucher of found.flat()) keepGift(gifts, voucher);
  const wants = asked.flatMap(({ body, programId, program }): Want[] => {
    const known = knownGift(gifts, body);
    const pool = 'of' in body.gift ? poolOfGift(body.gift.of, program) : known?.pool;
    if (pool === undefined) return [];
    const own = { programId, item: `pool:${pool}`, now: program.now };
    const { step } = body.gift;
    if (takes(body, known)) return [{ ...own, kind: 'take', supply: null, codes: false }];
    const state = known?.state;
    if (step === 'reveal' && state === 'issued') return [{ ...own, kind: 'use', held: null }];
    if (step === 'withdrawn' && state === 'issued')
      return [
        { ...own, item: `pool:${known?.pool}`, kind: 'give back', held: null, shard: known?.shard as number },
      ];
    return [];
  });
  const uses = asked.flatMap(({ body, program, memberId }): GiftUse[] => {
    const known = knownGift(gifts, body);
    const gift = 'of' in body.gift ? body.gift.of : known;
    if (gift === undefined || memberId === undefined || !takes(body, known)) return [];
    const version = versionAt(program.program, program.now);
    return [{ memberId, reward: rewardOfGift(gift, program), now: program.now, version }];
  });
  return { gifts, wants, uses };
}
