import { madeOnce } from '#platform/made-once.ts';
import { compare, ONE } from '#platform/money.ts';
import type { Campaign, Level, ProgramVersion } from '../../program/index.ts';
import type { Multiplier } from '../model.ts';

/** The multipliers that count: all of them, or for each unit the highest alone, the earlier one where two are equal. */
export function combine(
  version: ProgramVersion,
  level: Level | null,
  campaigns: readonly Campaign[],
): readonly Multiplier[] {
  const all: Multiplier[] = [];
  const own = level === null ? null : ofLevel(level);
  if (own !== null) all.push(own);
  const byCampaign = multiplying(version);
  for (const campaign of campaigns) {
    const multiplier = byCampaign.get(campaign);
    if (multiplier !== undefined) all.push(multiplier);
  }
  if (version.combination === 'stack' || all.length < 2) return all;
  if (all.every(({ unit }) => unit === null)) return [highest(all)];
  return [...version.units.values()].flatMap(({ number, redeemable }) => {
    const these = all.filter(({ unit }) => (unit === null ? redeemable : unit === number));
    return these.length === 0 ? [] : { ...highest(these), unit: number };
  });
}

function highest([first, ...others]: readonly Multiplier[]): Multiplier {
  let best = first as Multiplier;
  for (const each of others) if (compare(each.by, best.by) > 0) best = each;
  return best;
}

/* Made once: an order can meet many campaigns, and asks for all of them. */

/** What a level multiplies by; null where that is nothing. */
const ofLevel = madeOnce(({ ref, multiplier: by }: Level): Multiplier | null =>
  compare(by, ONE) === 0 ? null : { ref, by, unit: null },
);

/** What the campaigns of a version multiply by; not among them is who gives something else. */
const multiplying = madeOnce(({ campaigns, units }: ProgramVersion): ReadonlyMap<Campaign, Multiplier> => {
  const all = new Map<Campaign, Multiplier>();
  for (const campaign of campaigns) {
    const { ref, effect } = campaign;
    if (!('multiply' in effect)) continue;
    const unit = effect.unit === null ? null : (units.get(effect.unit)?.number ?? null);
    all.set(campaign, { ref, by: effect.multiply, unit });
  }
  return all;
});
