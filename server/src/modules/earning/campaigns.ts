import { compare, ONE } from '#platform/money.ts';
import type { Level, ProgramVersion } from '../program/index.ts';
import type { Applied, Multiplier, Order } from './model.ts';

/** What applies to an order of a member who has `level`: whatever is decided here is stored with the order. */
export function apply(_order: Order, version: ProgramVersion, level: Level | null): Applied {
  const multipliers: Multiplier[] = [];
  if (level !== null && compare(level.multiplier, ONE) !== 0)
    multipliers.push({ ref: level.ref, by: level.multiplier, unit: null });
  return { tier: level?.id ?? null, multipliers: combine(multipliers, version) };
}

/** The multipliers that count: all of them, or for each unit the highest alone, the earlier one where two are equal. */
function combine(multipliers: readonly Multiplier[], { combination }: ProgramVersion): Multiplier[] {
  if (combination === 'stack' || multipliers.length < 2) return [...multipliers];
  const best = new Map<number | null, Multiplier>();
  for (const multiplier of multipliers) {
    const rival = best.get(multiplier.unit);
    if (rival === undefined || compare(multiplier.by, rival.by) > 0) best.set(multiplier.unit, multiplier);
  }
  return [...best.values()];
}
