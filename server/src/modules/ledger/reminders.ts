import type { Pool } from '#platform/db/client.ts';
import { accept } from '#platform/errors.ts';
import { wireId } from '#platform/ids.ts';
import type { Command, CommandType, ProgramFacts } from './commands.ts';
import { settledAt } from './history.ts';
import { expiryOf } from './inactivity.ts';
import { holderOf, unitOf } from './model.ts';
import * as store from './reminders.store.ts';

type Reminding = Pick<ProgramFacts, 'id' | 'now' | 'reminders'>;

/** One reminder to be decided, with the instant for which it is meant. */
interface Due extends store.Reminding {
  at: number;
}

interface Facts {
  decided: Set<string>;
  /** When open lots were booked, keyed `wallet:seq`. */
  booked: Map<string, number>;
}

interface Reminded {
  id: bigint;
  /** Null: it was decided before. */
  reminder: store.Reminding | null;
}

/**
 * `remind`: decides one reminder, once: publishes `points.expiring` with what is there of the points that expire at the
 * date, or nothing where nothing is left or all of it came after the instant of the reminder. Idempotent by nature: a
 * row says that it was decided.
 */
export const remindType: CommandType<Due, Facts, Reminded, null> = {
  name: 'remind',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit: () => undefined,
  async load(tx, commands) {
    const due = commands.map(command => command.body);
    const wallets = due.map(({ wallet }) => wallet);
    const [decided, booked] = await Promise.all([store.decided(tx, due), store.booked(tx, wallets)]);
    return { decided, booked };
  },
  decide({ body }, { decided, booked }, { program, wallet, id }) {
    if (decided.has(store.nameOf(body)))
      return accept({ record: { id, reminder: null }, drafts: [], fact: null });
    const unit = unitOf(body.wallet);
    let points = 0n;
    for (const lot of settledAt(wallet(unit), program.now).lots.values()) {
      // A lot that this batch opened is not in the facts: it came after the reminder's instant.
      const openedAt = booked.get(`${body.wallet}:${lot.seq}`) ?? Number.POSITIVE_INFINITY;
      if (lot.expiresAt === body.expiresAt && openedAt <= body.at) points += lot.remaining;
    }
    const data = {
      unit: program.units[unit],
      points: String(points),
      expires_at: new Date(body.expiresAt).toISOString(),
      before: body.before,
    };
    const fact = points === 0n ? null : { type: 'points.expiring', occurredAt: body.at, data };
    return accept({ record: { id, reminder: body }, drafts: [], fact });
  },
  evolve: ({ decided }, { reminder }) => void (reminder !== null && decided.add(store.nameOf(reminder))),
  store: (tx, decisions) =>
    store.insertReminders(
      tx,
      decisions.flatMap(({ stored }) => stored.reminder ?? []),
    ),
  find: () => Promise.resolve(new Map()),
  differences: () => [],
  answer: () => null,
};

/** How many wallets one step looks at. */
const STEP = 500;

/** The reminders of a program after `after` until `until` that nobody has decided, wallet by wallet in bounded steps. */
async function* undecided(
  pool: Pool,
  program: Reminding,
  after: number,
  until: number,
): AsyncGenerator<Due[]> {
  const { reminders } = program;
  if (reminders === undefined || reminders.horizon(until) <= until) return;
  const range = { from: program.now, until: reminders.horizon(until) };
  for (let wallet = -1; ; ) {
    const rows = await store.expiring(pool, program.id, range, wallet, STEP);
    const due = rows.flatMap(row => {
      const expiresAt = expiryOf(row, row.activeAt);
      if (expiresAt === null || expiresAt <= program.now) return [];
      return reminders
        .of(expiresAt)
        .filter(({ at }) => at > after && at <= until)
        .map(({ before, at }): Due => ({ wallet: row.wallet, expiresAt, before, at }));
    });
    const decided = due.length === 0 ? new Set() : await store.decided(pool, due);
    // Two terms of inactivity can end at the same date.
    yield [...new Map(due.map(one => [store.nameOf(one), one])).values()].filter(
      one => !decided.has(store.nameOf(one)),
    );
    const last = rows.at(-1);
    if (last === undefined || new Set(rows.map(row => row.wallet)).size < STEP) return;
    wallet = last.wallet;
  }
}

const commandOf = (programId: number, due: Due): Command<Due> => ({
  type: remindType.name,
  programId,
  member: wireId('mem', BigInt(holderOf(due.wallet))),
  key: null,
  payload: null,
  body: due,
});

/** So few go together that one batch takes them, in the order in which they are given. */
export const IN_ORDER = 100;

/**
 * Decides every reminder that is due by the program's clock. Interrupted anywhere it can be run again; run twice, or by
 * two engines, it finds what is left. What fell due while nothing ran is made up for, as long as the points are there.
 */
export async function remind(
  deps: { pool: Pool; run(commands: readonly Command[]): Promise<unknown> },
  program: Reminding,
): Promise<number> {
  let count = 0;
  for await (const found of undecided(deps.pool, program, Number.NEGATIVE_INFINITY, program.now)) {
    const due = found.sort((a, b) => a.at - b.at || a.wallet - b.wallet || a.expiresAt - b.expiresAt);
    for (let start = 0; start < due.length; start += IN_ORDER)
      await deps.run(due.slice(start, start + IN_ORDER).map(one => commandOf(program.id, one)));
    count += due.length;
  }
  await deps.pool.transaction(tx => store.removePastReminders(tx, program.id, program.now));
  return count;
}

/** The earliest instant after the program's clock until `until` at which a reminder is due. */
export async function nextReminder(pool: Pool, program: Reminding, until: number): Promise<number | null> {
  let next = Number.POSITIVE_INFINITY;
  for await (const due of undecided(pool, program, program.now, until))
    for (const { at } of due) next = Math.min(next, at);
  return next === Number.POSITIVE_INFINITY ? null : next;
}
