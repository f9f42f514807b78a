import { floorDiv, type Rational, times } from '#platform/money.ts';
import type { ProgramFacts } from '../ledger/index.ts';
import type { Program, ProgramVersion, Unit } from '../program/index.ts';

/** A program in force, as the lanes carry it. */
export interface ProgramInForce extends ProgramFacts {
  readonly program: Program;
}

/** Points exchanged for money off, or on hold for it. */
export interface Redemption {
  readonly id: bigint;
  readonly programId: number;
  readonly memberId: number;
  readonly wallet: number;
  readonly externalId: string;
  readonly source: string;
  readonly unit: string;
  readonly points: bigint;
  readonly moneyOff: { readonly amount: bigint; readonly currency: string } | null;
  readonly occurredAt: number;
  /** The entry that took the points: a hold, or in one step a redemption. */
  readonly holdSeq: number;
  readonly holdExpiresAt: number | null;
  readonly state: 'held' | 'captured' | 'voided';
  readonly refunded: bigint;
}

/** `expired` is not stored: it follows from the hold's end and the clock. */
export const stateAt = (
  redemption: Pick<Redemption, 'state' | 'holdExpiresAt'>,
  now: number,
): Redemption['state'] | 'expired' =>
  redemption.state === 'held' && redemption.holdExpiresAt !== null && redemption.holdExpiresAt <= now
    ? 'expired'
    : redemption.state;

/** What points take off a bill, in minor units of the program's currency, rounded down; null where they are worth no money. */
export function moneyOff(
  points: bigint,
  unit: Unit,
  version: ProgramVersion,
): { amount: bigint; currency: string } | null {
  if (unit.worth === null) return null;
  const minor: Rational = times(unit.worth, {
    num: points * 10n ** BigInt(version.exponent(version.currency)),
    den: 1n,
  });
  return { amount: floorDiv(minor.num, minor.den), currency: version.currency };
}

/** A capture, a void or a refund of a redemption. */
export interface ChangeBody {
  redemptionId: bigint;
  kind: 'capture' | 'void' | 'refund';
  externalId: string;
  source: string;
  /** Only of a refund; null: all that is left. */
  points: bigint | null;
}

/** A change, as stored. */
export interface StoredChange extends Omit<ChangeBody, 'points'> {
  id: bigint;
  points: bigint;
  /** The redemption as it is after the change. */
  redemption: Redemption;
}
