import { floorDiv, type Rational, times } from '#platform/money.ts';
import type { ProgramFacts } from '../ledger/index.ts';
import type { Program, ProgramVersion, Reward, Unit } from '../program/index.ts';
import type { Move } from './stock.store.ts';
import type { SealedCode } from './vouchers.ts';

/** A program in force, as the lanes carry it. */
export interface ProgramInForce extends ProgramFacts {
  readonly program: Program;
}

export interface Money {
  readonly amount: bigint;
  readonly currency: string;
}

/** Where something of the catalogue is that a person has to hand over. */
export type Fulfilment = 'pending' | 'fulfilled' | 'rejected';

/** What a redemption is of the catalogue. */
export interface Granted {
  /** The reward, and `reward@version` by which it was decided. */
  readonly id: string;
  readonly rule: string;
  readonly gives: Reward['told'];
  /** The order's total that the redemption named, in minor units. */
  readonly orderTotal: bigint | null;
  /** The unit of stock that it holds or used. */
  readonly stock: { readonly item: string; readonly shard: number } | null;
  /** Whether it counts no more, neither for the stock nor for the limit. */
  readonly released: boolean;
  /** Null while it is on hold, and of what nobody has to hand over. */
  readonly fulfilment: Fulfilment | null;
  /** The code that was handed out. */
  readonly code: SealedCode | null;
  /** The entry that credited points of another unit. */
  readonly creditSeq: number | null;
}

/** Points exchanged for a reward or for money off, or on hold for it. */
export interface Redemption {
  readonly id: bigint;
  readonly programId: number;
  readonly memberId: number;
  /** Who redeemed, where the member is a household and a person was named. */
  readonly by: number | null;
  readonly wallet: number;
  readonly externalId: string;
  readonly source: string;
  readonly unit: string;
  readonly points: bigint;
  readonly moneyOff: Money | null;
  readonly occurredAt: number;
  /** The entry that took the points: a hold, or in one step a redemption. */
  readonly holdSeq: number;
  readonly holdExpiresAt: number | null;
  readonly state: 'held' | 'captured' | 'voided';
  readonly refunded: bigint;
  /** Null where points were redeemed for money off without a reward. */
  readonly reward: Granted | null;
}

/** What a decision changes beside the rows of its redemption. */
export interface Aside {
  readonly moves: readonly Move[];
  /** The ended hold whose unit of stock it took over. */
  readonly lapsed: bigint | null;
  /** The code that it hands out. */
  readonly code: { readonly id: bigint; readonly redemptionId: bigint } | null;
  /** The code whose redemption was given back. */
  readonly returned: bigint | null;
}

export const NOTHING_ASIDE: Aside = { moves: [], lapsed: null, code: null, returned: null };

/** A redemption with what its decision changes beside it. */
export interface NewRedemption extends Redemption {
  readonly aside?: Aside;
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
export function moneyOff(points: bigint, unit: Pick<Unit, 'worth'>, version: ProgramVersion): Money | null {
  if (unit.worth === null) return null;
  const minor: Rational = times(unit.worth, {
    num: points * 10n ** BigInt(version.exponent(version.currency)),
    den: 1n,
  });
  return { amount: floorDiv(minor.num, minor.den), currency: version.currency };
}

/** A wish to redeem points: so many, or for a reward. */
export interface RedemptionBody {
  externalId: string;
  source: string;
  /** Who of the household redeems; null: not named. */
  by: number | null;
  /** Null: the program's default unit, or the reward's. */
  unit: string | null;
  /** Null: what the reward costs. */
  points: bigint | null;
  reward: string | null;
  /** The total of the order that it is redeemed for, in minor units. */
  orderTotal: bigint | null;
  /** In one step, without a hold. */
  capture: boolean;
  /** How long the hold lasts, ms. */
  holdFor: number;
}

/** What becomes of a redemption. */
export type ChangeKind = 'capture' | 'void' | 'refund' | 'fulfil' | 'reject';

export interface ChangeBody {
  redemptionId: bigint;
  kind: ChangeKind;
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
  aside?: Aside;
}

/** The state of a redemption right after a change. */
export const STATE_AFTER = {
  capture: 'captured',
  void: 'voided',
  refund: 'captured',
  fulfil: 'captured',
  reject: 'captured',
} as const satisfies Record<ChangeKind, Redemption['state']>;
