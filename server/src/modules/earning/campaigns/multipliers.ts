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
  for (const campaign of campaigns) {
    const multiplier = ofCampaign(campaign, version);
    if (multiplier !== null) all.push(multiplier);
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

/* Made once of each level and campaign: an order can meet many, and asks for all of them. */

const levels = new WeakMap<Level, Multiplier | null>();
const multiplying = new WeakMap<Campaign, Multiplier | null>();

/** What a level multiplies by; null where that is nothing. */
function ofLevel(level: Level): Multiplier | null {
  const known = levels.get(level);
  if (known !== undefined) return known;
  const { ref, multiplier: by } = level;
  const made = compare(by, ONE) === 0 ? null : { ref, by, unit: null };
  levels.set(level, made);
  return made;
}

/** What a campaign of the version multiplies by; null where it gives something else. */
function ofCampaign(campaign: Campaign, { units }: ProgramVersion): Multiplier | null {
  const known = multiplying.get(campaign);
  if (known !== undefined) return known;
  const { ref, effect } = campaign;
  const made =
    'multiply' in effect
      ? {
          ref,
          by: effect.multiply,
          unit: effect.unit === null ? null : (units.get(effect.unit)?.number ?? null),
        }
      : null;
  multiplying.set(campaign, made);
  return made;
}
