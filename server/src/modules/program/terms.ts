import type { z } from 'zod';
import { type Duration, parseDuration } from './calendar.ts';
import type { expires, pending } from './earning.section.ts';

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
}

type PendingDocument = z.infer<typeof pending>;
type ExpiresDocument = z.infer<typeof expires>;

/** The terms of a checked document. */
export const compileTerms = (
  wait: PendingDocument | undefined,
  expiry: ExpiresDocument | undefined,
): Terms => ({
  pending: wait === undefined ? null : compilePending(wait),
  expires: expiry === undefined ? null : compileExpiry(expiry),
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

function compileExpiry(expiry: ExpiresDocument): Expiry {
  if ('after' in expiry) return { after: length(expiry.after) };
  if ('inactivity' in expiry) return { inactivity: expiry.inactivity };
  return { atEndOf: expiry.at_end_of, plus: lengthOrNull(expiry.plus) };
}
