import * as z from 'zod';
import * as schemas from '#platform/http/schemas.ts';
import type { ProgramFacts } from './commands.ts';
import { entryId } from './entry-ids.ts';
import { type Entry, unitOf, type Wallet } from './model.ts';
import type { StoredEntry } from './store.ts';

/*
 * How the ledger looks to callers. The answers of orders, returns, redemptions and adjustments share these
 * parts: what moved, by which rule, from or into which lot, and the balances behind it.
 */

const points = (value: bigint): string => String(value);
export const time = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** One movement as an effect of a command. */
export interface Effect {
  entry: string;
  type: string;
  unit: string;
  points: string;
  rule: string | null;
  /** The lot that it opened, or the lots that it changed. */
  lots: { lot: string; points: string }[];
  available_at: string | null;
  expires_at: string | null;
  inactive_after?: string | undefined;
}

export interface Balance {
  unit: string;
  available: string;
  pending: string;
  held: string;
}

/** What a write did, and the balances after it. */
export interface Effects {
  effects: Effect[];
  balances: Balance[];
}

const size = (entry: Entry): bigint =>
  entry.available + entry.pending || (entry.held > 0n ? entry.held : -entry.held);

/** The points that a movement is about: what came (positive) or went (negative); for activation what became usable. */
const moved = (entry: Entry): bigint =>
  entry.kind === 'activate'
    ? entry.available
    : entry.kind === 'redeem' && entry.held < 0n
      ? entry.held
      : size(entry);

const effect = (entry: Entry, units: readonly string[]): Effect => ({
  entry: entryId(entry.wallet, entry.seq),
  type: entry.kind,
  unit: units[unitOf(entry.wallet)] as string,
  points: points(moved(entry)),
  rule: entry.rule,
  lots:
    entry.lots.length > 0
      ? entry.lots.map((seq, index) => ({
          lot: entryId(entry.wallet, seq),
          points: points(entry.amounts[index] as bigint),
        }))
      : entry.ofSeq === null && entry.available + entry.pending > 0n
        ? [{ lot: entryId(entry.wallet, entry.seq), points: points(entry.available + entry.pending) }]
        : [],
  available_at: time(entry.availableFrom),
  expires_at: time(entry.expiresAt),
  ...inactivityOf(entry),
});

/** Only of lots whose date moves: how long after the member's last activity they expire. */
const inactivityOf = ({ inactiveAfter }: Entry): { inactive_after?: string | undefined } =>
  inactiveAfter === null ? {} : { inactive_after: inactiveAfter.split(' ')[0] };

/** The effects of a command and the balances that its last entry in each wallet states. */
export function effectsOf(entries: readonly Entry[], program: ProgramFacts): Effects {
  const last = new Map<number, Entry>();
  for (const entry of entries) last.set(entry.wallet, entry);
  return {
    effects: entries.map(entry => effect(entry, program.units)),
    balances: [...last.values()].map(entry => ({
      unit: program.units[unitOf(entry.wallet)] as string,
      available: points(entry.availableAfter),
      pending: points(entry.pendingAfter),
      held: points(entry.heldAfter),
    })),
  };
}

const sum = z.string().meta({ pattern: '^-?[0-9]+$' });
const inactiveAfter = z.string().optional().meta({
  description:
    'Only of points that expire by inactivity: how long after the last activity. `expires_at` is then the date as it stood at first; it moves on with each earning and redemption.',
});

export const effectSchema = z
  .strictObject({
    entry: z.string(),
    type: z.string(),
    unit: z.string(),
    points: sum,
    rule: z.string().nullable(),
    lots: z.array(z.strictObject({ lot: z.string(), points: sum })),
    available_at: schemas.instant.nullable(),
    expires_at: schemas.instant.nullable(),
    inactive_after: inactiveAfter,
  })
  .meta({
    id: 'Effect',
    description: 'One movement of one wallet: what came or went, by which rule, from or into which lots.',
  });

export const balanceSchema = z
  .strictObject({ unit: z.string(), available: sum, pending: sum, held: sum })
  .meta({ id: 'Balance', description: 'A wallet after the write.' });

/** To be spread into the answer of a write. */
export const effectsShape = { effects: z.array(effectSchema), balances: z.array(balanceSchema) };

export const walletSchema = z
  .strictObject({
    unit: z.string(),
    available: sum,
    pending: sum,
    held: sum,
    debt: sum,
    shortfall: sum,
    lifetime: z.strictObject({ earned: sum, redeemed: sum, expired: sum }),
    next_due_at: schemas.instant.nullable(),
    expiring: z.array(z.strictObject({ expires_at: schemas.instant, points: sum })).optional(),
  })
  .meta({
    id: 'WalletBalance',
    description: 'A wallet: points that can be spent, points earned but not usable yet, points on hold.',
  });

/** How many dates of expiry a balance lists. */
const EXPIRING = 20;

export function walletOf(wallet: Wallet, unit: string, expiring: boolean) {
  const body = {
    unit,
    available: points(wallet.available),
    pending: points(wallet.pending),
    held: points(wallet.held),
    debt: points(wallet.debt),
    shortfall: points(wallet.shortfall),
    lifetime: {
      earned: points(wallet.earned),
      redeemed: points(wallet.redeemed),
      expired: points(wallet.expired),
    },
    next_due_at: time(wallet.nextDueAt),
  };
  return expiring ? { ...body, expiring: expiringOf(wallet) } : body;
}

function expiringOf(wallet: Wallet) {
  const dates = new Map<number, bigint>();
  for (const lot of wallet.lots.values())
    if (lot.expiresAt !== null) dates.set(lot.expiresAt, (dates.get(lot.expiresAt) ?? 0n) + lot.remaining);
  return [...dates]
    .sort((a, b) => a[0] - b[0])
    .slice(0, EXPIRING)
    .map(([at, remaining]) => ({ expires_at: time(at), points: points(remaining) }));
}

export const entrySchema = z
  .strictObject({
    id: z.string(),
    seq: z.int(),
    kind: z.string(),
    unit: z.string(),
    available: sum,
    pending: sum,
    held: sum,
    after: z.strictObject({ available: sum, pending: sum, held: sum, debt: sum, shortfall: sum }),
    occurred_at: schemas.instant,
    booked_at: schemas.instant,
    recorded_at: schemas.instant,
    rule: z.string().nullable(),
    available_at: schemas.instant.nullable(),
    expires_at: schemas.instant.nullable(),
    inactive_after: inactiveAfter,
    follows: z.string().nullable().meta({
      description: 'The entry that this one follows from: the hold of a capture, the redemption of a refund.',
    }),
    lots: z.array(z.strictObject({ lot: z.string(), points: sum })),
    reason: z.string().nullable(),
    command: z.strictObject({ type: z.string(), id: z.string() }),
  })
  .meta({ id: 'Entry', description: 'One immutable movement of one wallet.' });

export const entryOf = (entry: StoredEntry, units: readonly string[], commandId: string) => ({
  id: entryId(entry.wallet, entry.seq),
  seq: entry.seq,
  kind: entry.kind,
  unit: units[unitOf(entry.wallet)] as string,
  available: points(entry.available),
  pending: points(entry.pending),
  held: points(entry.held),
  after: {
    available: points(entry.availableAfter),
    pending: points(entry.pendingAfter),
    held: points(entry.heldAfter),
    debt: points(entry.debtAfter),
    shortfall: points(entry.shortfallAfter),
  },
  occurred_at: time(entry.occurredAt),
  booked_at: time(entry.bookedAt),
  recorded_at: time(entry.recordedAt),
  rule: entry.rule,
  available_at: time(entry.availableFrom),
  expires_at: time(entry.expiresAt),
  ...inactivityOf(entry),
  follows: entry.ofSeq === null ? null : entryId(entry.wallet, entry.ofSeq),
  lots: effect(entry, units).lots,
  reason: entry.reason,
  command: { type: entry.command, id: commandId },
});
