import { addDuration, type Duration, parseDuration } from '#platform/calendar.ts';
import type { Entry, Kind } from './model.ts';

/*
 * Points that expire when their member has been inactive for a time. The lot keeps the term, `P6M Europe/Paris`: how
 * long, in which time zone; the wallet keeps when the member was last active in it. The date follows from the two, so
 * that an activity moves the dates of all these lots by one write, and only ever to a later one.
 */

interface Term {
  length: Duration;
  timeZone: string;
}

/** The terms that rules of a program name are few; a lot's is read again and again. */
const MOST_TERMS = 1_000;
const terms = new Map<string, Term>();

function termOf(text: string): Term {
  const known = terms.get(text);
  if (known !== undefined) return known;
  const [length, timeZone] = text.split(' ') as [string, string];
  const term = { length: parseDuration(length) as Duration, timeZone };
  if (terms.size >= MOST_TERMS) terms.clear();
  terms.set(text, term);
  return term;
}

/** When points of the term expire whose member was last active at `activeAt`. */
export function lapsesAt(term: string, activeAt: number): number {
  const { length, timeZone } = termOf(term);
  return addDuration(activeAt, length, timeZone);
}

/** When points expire: at their date, or so long after the member was last active. */
export const expiryOf = (
  { expiresAt, inactiveAfter }: { expiresAt: number | null; inactiveAfter: string | null },
  activeAt: number | null,
): number | null =>
  inactiveAfter === null || activeAt === null ? expiresAt : lapsesAt(inactiveAfter, activeAt);

const ACTIVITIES: ReadonlySet<Kind> = new Set(['earn', 'bonus', 'hold', 'redeem']);

/** Whether an entry says that its member was active: they earned or redeemed. The capture of a hold is not a new act. */
export const isActivity = (entry: Pick<Entry, 'kind' | 'ofSeq'>): boolean =>
  ACTIVITIES.has(entry.kind) && entry.ofSeq === null;
