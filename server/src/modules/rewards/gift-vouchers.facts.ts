import type { Tx } from '#platform/db/client.ts';
import type { Around, Command } from '../ledger/index.ts';
import { type GiftVoucher, giftVouchers, giftVouchersOf } from './gift-vouchers.store.ts';
import type { ProgramInForce } from './model.ts';
import type { Want } from './stock.facts.ts';

/** What an order gives by a campaign. */
export type Gift = Pick<GiftVoucher, 'orderId' | 'campaign' | 'rule' | 'reward'>;

/** What is to become of the voucher of an order, or of one that is known by its id. */
export interface GiftBody {
  readonly gift:
    | { readonly step: 'given' | 'withdrawn'; readonly of: Gift }
    | { readonly step: 'issue' | 'reveal'; readonly id: bigint };
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

/** The pool of a reward, as the version says that the campaign's reference names. */
export function poolOfGift({ rule, reward }: Gift, { program }: ProgramInForce): string {
  const version = program.versions[Number(rule.slice(rule.lastIndexOf('@') + 1)) - 1];
  const gives = version?.rewards.get(reward)?.gives;
  if (gives === undefined || !('voucher' in gives)) throw new Error(`${reward} of ${rule} gives no voucher`);
  return gives.voucher;
}

/** Reads the vouchers of a batch, and says what they want of the stocks of their pools. */
export async function loadGifts(
  tx: Tx,
  commands: readonly Command<object>[],
  { programs }: Pick<Around, 'programs'>,
): Promise<{ gifts: GiftFacts; wants: Want[] }> {
  const asked = commands.flatMap(({ body, programId }, index) =>
    'gift' in body ? { body: body as GiftBody, programId, program: programs[index] as ProgramInForce } : [],
  );
  const gifts: GiftFacts = { byOrder: new Map(), byId: new Map() };
  if (asked.length === 0) return { gifts, wants: [] };
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
    const state = known?.state ?? 'withdrawn';
    const { step } = body.gift;
    if ((step === 'given' && state === 'withdrawn') || (step === 'issue' && state === 'waiting'))
      return [{ ...own, kind: 'take', supply: null, codes: false }];
    if (step === 'reveal' && state === 'issued') return [{ ...own, kind: 'use', held: null }];
    if (step === 'withdrawn' && state === 'issued')
      return [
        { ...own, item: `pool:${known?.pool}`, kind: 'give back', held: null, shard: known?.shard as number },
      ];
    return [];
  });
  return { gifts, wants };
}
