import { addDuration, type Terms } from '../program/index.ts';

/** When the points of a rule become usable and when they expire; both count from the order. */
export const lotTerms = ({ pending, expires }: Terms, occurredAt: number, timeZone: string) => ({
  availableFrom: pending === null ? null : addDuration(occurredAt, pending.for, timeZone),
  expiresAt: expires === null ? null : addDuration(occurredAt, expires.after, timeZone),
});
