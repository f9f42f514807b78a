import type { z } from 'zod';
import { type Duration, parseDuration } from './calendar.ts';
import type { expires, expiresByTier, pending } from './earning.section.ts';

/** Until when points wait. */
export type Pending =
  | { readonly for: Duration }
  /** Epoch ms. */
  | { readonly until: number }
  | {
      readonly event: string;
      readonly atLatest: Duration | null;
      readonly otherwise: 'activate' | 'cancel';
    };

/** When points expire. */
export type Expiry =
  | { readonly after: Duration }
  | { readonly atEndOf: 'month' | 'quarter' | 'year'; readonly plus: Duration | null }
  /** As it is written, `P6M`: the ledger keeps it with the lot. */
  | { readonly inactivity: string };

/** When points become usable and when they expire; null: at once, never. */
export interface Terms {
  readonly pending: Pending | null;
  readonly expires: Expiry | null;
  /** By the tier that decided the order; left out: for all alike. */
  readonly byTier?: ReadonlyMap<string, Expiry | null>;
}

type PendingDocument = z.infer<typeof pending>;
type ExpiresDocument = z.infer<typeof expiresByTier>;
type Lifetime = z.infer<typeof expires>;

/** The terms of a checked document. */
export const compileTerms = (
  wait: PendingDocument | undefined,
  expiry: ExpiresDocument | undefined,
): Terms => ({
  pending: wait === undefined ? null : compilePending(wait),
  expires: expiry === undefined ? null : compileDefault(expiry),
  ...(expiry?.by_tier !== undefined && { byTier: compileTiers(expiry.by_tier) }),
});

const length = (text: string): Duration => parseDuration(text) as Duration;
const lengthOrNull = (text: string | undefined): Duration | null =>
  text === undefined ? null : length(text);

function compilePending(wait: PendingDocument): Pending {
  if ('for' in wait) return { for: length(wait.for) };
  if ('until' in wait) return { until: Date.parse(wait.until) };
  return {
    event: wait.until_event,
    atLatest: lengthOrNull(wait.at_latest),
    otherwise: wait.otherwise ?? 'activate',
  };
}

/** Only `by_tier` says: everybody else's never expire. */
const compileDefault = (expiry: ExpiresDocument): Expiry | null =>
  'after' in expiry || 'at_end_of' in expiry || 'inactivity' in expiry ? compileExpiry(expiry) : null;

const compileTiers = (tiers: Record<string, Lifetime | 'never'>): Map<string, Expiry | null> =>
  new Map(
    Object.entries(tiers).map(([tier, expiry]) => [tier, expiry === 'never' ? null : compileExpiry(expiry)]),
  );

function compileExpiry(expiry: Lifetime): Expiry {
  if ('after' in expiry) return { after: length(expiry.after) };
  if ('inactivity' in expiry) return { inactivity: expiry.inactivity };
  return { atEndOf: expiry.at_end_of, plus: lengthOrNull(expiry.plus) };
}
