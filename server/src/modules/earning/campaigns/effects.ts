import type { Rational } from '#platform/money.ts';
import type { Campaign, ProgramVersion } from '../../program/index.ts';

/** The campaigns (`id@version`) that count for an order with something of their own. */
export const campaignsOf = ({ campaigns }: ProgramVersion, refs: readonly string[]): Campaign[] =>
  refs.map(ref => {
    const campaign = campaigns.find(candidate => candidate.ref === ref);
    if (campaign === undefined) throw new Error(`${ref} is not in the version that decided`);
    return campaign;
  });

/** What a campaign adds as a part of what the rules give by themselves. */
export interface Part {
  readonly ref: string;
  readonly by: Rational;
  /** The number of the unit; null: every redeemable one. */
  readonly unit: number | null;
}

export const partsOf = (campaigns: readonly Campaign[], version: ProgramVersion): Part[] =>
  campaigns.flatMap(({ ref, effect }) =>
    'add' in effect
      ? {
          ref,
          by: effect.add,
          unit: effect.unit === null ? null : (version.units.get(effect.unit)?.number ?? null),
        }
      : [],
  );

/** Whether a campaign gives something that is not counted in points. */
export const isGift = ({ effect }: Pick<Campaign, 'effect'>): boolean =>
  'tier' in effect || 'voucher' in effect || 'challenge' in effect;

/** What a campaign gives that is not counted in points, for people to read; undefined where it gives points. */
export function giftOf({ effect }: Campaign): string | undefined {
  if ('tier' in effect) return `tier ${effect.tier}`;
  if ('voucher' in effect) return `voucher ${effect.voucher}`;
  return 'challenge' in effect ? `challenge ${effect.challenge}` : undefined;
}
