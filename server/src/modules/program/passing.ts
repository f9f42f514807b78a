import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import { addDuration, parseDuration } from './calendar.ts';
import { LAST_INSTANT } from './fields.ts';
import type { ProgramView } from './publishing.ts';
import type { ProgramService } from './service.ts';
import * as store from './store.ts';

/** Something that falls due by a program's clock; `compose.ts` registers it. */
export interface FallsDue {
  /** The earliest instant after the program's clock, until `until`, at which something falls due; null: nothing. */
  next(programId: number, until: number): Promise<number | null>;
  /** Does everything that is due by the program's clock. */
  run(programId: number): Promise<void>;
}

/** How far a test program's time is to go: to an instant (epoch ms), or by a length such as `P1M`. */
export type Passage = { to: number } | { by: string };

const DAY = 86_400_000;

/**
 * Lets the time of a test program pass: its clock goes from instant to instant at which something falls due, and at
 * each what is due is done before it goes on. So what happens, and in which order, does not depend on the steps in
 * which somebody asks for it. Ended half way it stands at one of those instants; asked again it goes on.
 */
export async function passTime(
  deps: { pool: Pool; program: ProgramService; due: readonly FallsDue[] },
  name: string,
  { passage, key }: { passage: Passage; key: string | undefined },
  dryRun: boolean,
): Promise<Outcome<ProgramView>> {
  const { program, due } = deps;
  const shown = await program.show(name);
  if (!shown.ok) return shown;
  const target = await targetUnder(deps, shown.value, passage, dryRun ? undefined : key);
  if (!target.ok) return target;
  // Asked again under its key, after somebody has let more time pass: it is done.
  if (key !== undefined && target.value < shown.value.clock.now && 'by' in passage) return shown;
  const possible = await program.advanceClock(name, target.value, true);
  if (!possible.ok || dryRun) return possible;
  const found = await program.registry.byName(deps.pool, name);
  if (found === undefined) throw new Error(`the program ${name} was there and is not`);
  for (let now = shown.value.clock.now; ; ) {
    for (const own of due) await own.run(found.id);
    if (now >= target.value) return program.show(name);
    const next = (await nextInstant(due, found.id, now, target.value)) ?? target.value;
    const set = await program.advanceClock(name, next);
    // Somebody else lets the time pass as well, and was faster: what is due by their clock is done next.
    if (!set.ok && set.refusal.code !== 'clock_backwards') return set;
    now = set.ok ? next : Math.max(next, now);
  }
}

/** Until when time passes; under a key that was used before, until when it was to pass then. */
async function targetUnder(
  { pool, program }: { pool: Pool; program: ProgramService },
  view: ProgramView,
  passage: Passage,
  key: string | undefined,
): Promise<Outcome<number>> {
  const target = targetOf(view, passage);
  if (!target.ok || key === undefined || !('by' in passage) || view.clock.kind !== 'test') return target;
  const found = await program.registry.byName(pool, view.name);
  if (found === undefined) throw new Error(`the program ${view.name} was there and is not`);
  const kept = await pool.transaction(tx =>
    store.keepPassage(tx, { programId: found.id, key, asked: passage.by, target: target.value }),
  );
  if (kept.asked === passage.by) return accept(kept.target);
  return refuse(
    'key_reused',
    `Under this key time was asked to pass by ${kept.asked} before. Use another key.`,
    {
      differences: [{ pointer: '/advance', stored: kept.asked, sent: passage.by }],
    },
  );
}

function targetOf({ clock, document }: ProgramView, passage: Passage): Outcome<number> {
  if ('to' in passage) return accept(passage.to);
  const length = parseDuration(passage.by);
  const to = length === undefined ? Number.NaN : addDuration(clock.now, length, document.time_zone ?? 'UTC');
  if (to <= LAST_INSTANT) return accept(to);
  return refuse('invalid_request', 'The clock cannot be set forward by that.', {
    errors: [
      {
        pointer: '/advance',
        message:
          length === undefined
            ? 'must be an ISO 8601 duration of whole numbers such as P1M or PT6H'
            : 'must end before the year 9800',
      },
    ],
  });
}

/** Looks ahead for a day first, then twice as far: a long empty stretch costs few looks, a full one short ones. */
async function nextInstant(
  due: readonly FallsDue[],
  programId: number,
  now: number,
  target: number,
): Promise<number | null> {
  for (let stretch = DAY; ; stretch *= 2) {
    const until = Math.min(target, now + stretch);
    const found = await Promise.all(due.map(own => own.next(programId, until)));
    const instants = found.filter(at => at !== null);
    if (instants.length > 0) return Math.min(...instants);
    if (until === target) return null;
  }
}
