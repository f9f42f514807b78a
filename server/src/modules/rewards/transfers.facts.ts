import type { Tx } from '#platform/db/client.ts';
import type { Reason } from '#platform/errors.ts';
import type { Around, Command, ProgramFacts } from '../ledger/index.ts';
import { type ProgramVersion, startOf, type TransferLimit, type Transfers } from '../program/index.ts';
import { inForce, unitOfPoints } from './in-force.ts';
import { type Transfer, type TransferBody, transferred } from './transfers.store.ts';

type Way = 'send' | 'receive';

/** What a member gave away or was given since an instant. */
interface Moved {
  readonly since: number;
  times: number;
  points: bigint;
}

/** What members gave and were given in the periods of their limits; earlier transfers of the batch among it. */
export type TransferFacts = Map<string, Moved>;

const keyOf = (way: Way, member: number, unit: number): string => `${way} ${member} ${unit}`;
/** Before every transfer. */
const LONG_AGO = Date.UTC(1900, 0, 1);

const sinceOf = ({ every }: TransferLimit, now: number, timeZone: string): number =>
  every === 'ever' ? LONG_AGO : startOf(every, now, timeZone);

/** Sums what counts for the limits of a batch's transfers, in one statement for each direction. */
export async function loadMoved(
  tx: Tx,
  commands: readonly Command[],
  { holders, counterparts, programs }: Around,
): Promise<TransferFacts> {
  const facts: TransferFacts = new Map();
  const ways = [
    ['send', holders],
    ['receive', counterparts],
  ] as const;
  await Promise.all(
    ways.map(async ([way, members]) => {
      const wanted = new Map<string, { member: number; unit: number; since: number }>();
      for (const [index, { type, body }] of commands.entries()) {
        if (type !== 'transfer') continue;
        const program = programs[index] as ProgramFacts;
        const version = inForce(program);
        const unit = unitOfPoints((body as TransferBody).unit, version);
        const member = members[index]?.id;
        const limit = version.transfers?.[way] ?? null;
        if (limit === null || member === undefined || !unit.ok) continue;
        const { number } = unit.value;
        const since = sinceOf(limit, program.now, version.timeZone);
        wanted.set(keyOf(way, member, number), { member, unit: number, since });
      }
      if (wanted.size === 0) return;
      const questions = [...wanted.values()];
      const answers = await transferred(tx, way, questions);
      for (const [index, key] of [...wanted.keys()].entries()) {
        const { since } = questions[index] as (typeof questions)[number];
        facts.set(key, { since, ...(answers[index] as (typeof answers)[number]) });
      }
    }),
  );
  return facts;
}

/** Makes a transfer visible to the later ones of the batch. */
export function evolveMoved(
  facts: TransferFacts,
  { from, to, unit, points, occurredAt, kind }: Transfer,
): void {
  if (kind !== 'gift') return;
  for (const key of [keyOf('send', from, unit), keyOf('receive', to, unit)]) {
    const moved = facts.get(key);
    if (moved === undefined || occurredAt < moved.since) continue;
    moved.times += 1;
    moved.points += points;
  }
}

/** Every reason why the program does not allow so many points to go from one member to another. */
export function limitations(
  transfers: Transfers,
  asked: { from: number; to: number; unit: number; points: bigint; now: number },
  facts: TransferFacts,
  { timeZone }: Pick<ProgramVersion, 'timeZone'>,
): Reason[] {
  const { from, to, unit, points, now } = asked;
  const reasons: Reason[] = [];
  const { minimum, maximum } = transfers;
  const sent = { points: String(points) };
  if (points < minimum) reasons.push({ code: 'below_minimum', minimum: String(minimum), ...sent });
  if (maximum !== null && points > maximum)
    reasons.push({ code: 'above_maximum', maximum: String(maximum), ...sent });
  for (const [way, member] of [
    ['send', from],
    ['receive', to],
  ] as const) {
    const limit = transfers[way];
    const moved = facts.get(keyOf(way, member, unit));
    if (limit === null || moved === undefined) continue;
    const resets = limit.every === 'ever' ? null : startOf(limit.every, now, timeZone, 1);
    const when = { every: limit.every, resets_at: resets === null ? null : new Date(resets).toISOString() };
    const reached = (what: 'points' | 'times', most: bigint, used: bigint) => {
      const left = String(most > used ? most - used : 0n);
      const amounts = { limit: String(most), used: String(used), left };
      reasons.push({ code: 'limit_reached', side: way, of: what, ...amounts, ...when });
    };
    if (limit.points !== null && moved.points + points > limit.points)
      reached('points', limit.points, moved.points);
    if (limit.times !== null && moved.times >= limit.times)
      reached('times', BigInt(limit.times), BigInt(moved.times));
  }
  return reasons;
}
