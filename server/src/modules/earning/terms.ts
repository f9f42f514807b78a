import type { LotTerms } from '../ledger/index.ts';
import { addDuration, type Program, startOf, type Terms } from '../program/index.ts';

type Expiry = Terms['expires'];

/** The events of what nothing has happened to since. */
export const NOTHING_HAPPENED: ReadonlySet<string> = new Set();

/** What is said of a tier, else what is said of all. */
const ofTier = (tier: string | null, byTier: Terms['byTier'], expires: Expiry): Expiry => {
  const own = tier === null ? undefined : byTier?.get(tier);
  return own === undefined ? expires : own;
};

/**
 * When the points of a rule become usable and when they expire; both count from the order. `happened` are the
 * events of the order that came already, `tier` the level that decided it.
 */
export const lotTerms = (
  { pending, expires, byTier }: Terms,
  occurredAt: number,
  timeZone: string,
  happened: ReadonlySet<string>,
  tier: string | null = null,
): LotTerms => ({
  ...opening(pending, occurredAt, timeZone, happened),
  ...closing(ofTier(tier, byTier, expires), occurredAt, timeZone),
});

function opening(
  pending: Terms['pending'],
  occurredAt: number,
  timeZone: string,
  happened: ReadonlySet<string>,
): Pick<LotTerms, 'availableFrom' | 'waits' | 'cancels'> {
  if (pending === null) return { availableFrom: null };
  if ('for' in pending) return { availableFrom: addDuration(occurredAt, pending.for, timeZone) };
  if ('until' in pending) return { availableFrom: pending.until };
  if (happened.has(pending.event)) return { availableFrom: null };
  const { atLatest, otherwise } = pending;
  return {
    availableFrom: atLatest === null ? null : addDuration(occurredAt, atLatest, timeZone),
    waits: true,
    cancels: otherwise === 'cancel',
  };
}

function closing(
  expires: Terms['expires'],
  occurredAt: number,
  timeZone: string,
): Pick<LotTerms, 'expiresAt' | 'inactiveAfter'> {
  if (expires === null) return { expiresAt: null };
  if ('after' in expires) return { expiresAt: addDuration(occurredAt, expires.after, timeZone) };
  if ('inactivity' in expires) return { expiresAt: null, inactiveAfter: `${expires.inactivity} ${timeZone}` };
  const end = startOf(expires.atEndOf, occurredAt, timeZone, 1);
  return { expiresAt: expires.plus === null ? end : addDuration(end, expires.plus, timeZone) };
}

/** The event that points which `ref` gave (`base@3`, `base@3*gold@3`) wait for; undefined: none. */
export function waitsFor(program: Program, ref: string): string | undefined {
  const [giver] = ref.split('*') as [string];
  const version = program.versions[Number(giver.slice(giver.lastIndexOf('@') + 1)) - 1];
  const rule = version?.rules.find(candidate => candidate.ref === giver);
  const effect = version?.campaigns.find(candidate => candidate.ref === giver)?.effect;
  const terms = rule?.terms ?? (effect !== undefined && 'terms' in effect ? effect.terms : undefined);
  return terms?.pending != null && 'event' in terms.pending ? terms.pending.event : undefined;
}
