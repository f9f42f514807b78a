import type { ProgramVersion } from '../../program/index.ts';
import type { Fault } from '../model.ts';
import type { Given } from './backtest.decided.ts';
import { NO_CHANGE } from './backtest.gifts.ts';
import type { Decision } from './history.store.ts';

/** A period of event time, epoch ms: `from` inclusive, `to` exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What a replay decided about one thing that happened, beside what had been decided. */
export interface Outcome {
  readonly decision: Decision;
  readonly memberId: number;
  readonly occurredAt: number;
  /** Points by rule reference: what was given less what was taken back. */
  readonly actual: ReadonlyMap<string, Given>;
  readonly draft: ReadonlyMap<string, Given>;
  /** The tiers that decided an order; null for a return, or where there are no tiers. */
  readonly actualTier: string | null;
  readonly draftTier: string | null;
  /** How many gifts more or less there are after it: by campaign and gift. */
  readonly actualGifts: ReadonlyMap<string, number>;
  readonly draftGifts: ReadonlyMap<string, number>;
  /** Conditions that could not be judged, of an order or an activity. */
  readonly actualFaults: readonly Fault[];
  readonly draftFaults: readonly Fault[];
}

/** A program that is replayed: one draft for all orders of the span, or the versions that did decide. */
export interface Replayed {
  readonly programId: number;
  readonly versions: readonly ProgramVersion[];
  readonly draft: ProgramVersion | null;
  readonly span: Span;
}

/** The outcome of a decision that moves no points and is decided by no tier. */
export const NOTHING: Omit<Outcome, 'decision' | 'memberId' | 'occurredAt'> = {
  ...{ actual: new Map(), draft: new Map() },
  ...{ actualTier: null, draftTier: null },
  ...{ actualGifts: NO_CHANGE, draftGifts: NO_CHANGE },
  ...{ actualFaults: [], draftFaults: [] },
};
