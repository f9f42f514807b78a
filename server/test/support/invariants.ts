import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { compareChallenges } from './challenges.ts';
import type { TestEngine } from './engine.ts';
import { compareAllTiers } from './tier-invariants.ts';

/*
 * The invariants of the ledger, computed here from the tables and the API without the engine's own code: what
 * `verify` says is asked too, but not believed alone.
 */

interface EntryRow {
  wallet_id: string;
  seq: number;
  kind: string;
  available: string;
  pending: string;
  held: string;
  available_after: string;
  pending_after: string;
  held_after: string;
  debt_after: string | null;
  shortfall_after: string | null;
  booked_at: Date;
  available_from: Date | null;
  expires_at: Date | null;
  of_seq: number | null;
  lots: number[] | null;
  amounts: string[] | null;
}

interface WalletRow {
  wallet_id: string;
  program_id: number;
  seq: number;
  available: string;
  pending: string;
  held: string;
  debt: string;
  shortfall: string;
  earned: string;
  redeemed: string;
  expired: string;
}

/** A wallet as its entries make it. */
class Folded {
  seq = 0;
  available = 0n;
  pending = 0n;
  held = 0n;
  debt = 0n;
  shortfall = 0n;
  earned = 0n;
  redeemed = 0n;
  expired = 0n;
  bookedAt = Number.NEGATIVE_INFINITY;
  readonly lots = new Map<number, bigint>();
  readonly pendingLots = new Set<number>();
  readonly holds = new Map<number, bigint>();

  add(entry: EntryRow): void {
    const name = `entry ${entry.seq} of wallet ${entry.wallet_id} (${entry.kind})`;
    assert.equal(entry.seq, this.seq + 1, `${name}: a gap before it`);
    assert.ok(entry.booked_at.getTime() >= this.bookedAt, `${name}: booked before the entry before it`);
    const [available, pending, held] = [entry.available, entry.pending, entry.held].map(BigInt) as [
      bigint,
      bigint,
      bigint,
    ];
    this.seq = entry.seq;
    this.bookedAt = entry.booked_at.getTime();
    this.available += available;
    this.pending += pending;
    this.held += held;
    this.debt = BigInt(entry.debt_after ?? 0);
    this.shortfall = BigInt(entry.shortfall_after ?? 0);
    this.count(entry.kind, available, pending, held);
    this.moveLots(entry, available + pending, pending > 0n);
    this.moveHolds(entry, name, held);
    const after = [entry.available_after, entry.pending_after, entry.held_after].map(BigInt);
    assert.deepEqual(after, [this.available, this.pending, this.held], `${name}: the sums that it states`);
    assert.ok(
      this.pending >= 0n && this.held >= 0n && this.debt >= 0n && this.shortfall >= 0n,
      `${name}: below zero`,
    );
    assert.ok(this.available >= 0n || this.debt > 0n, `${name}: a balance below zero without debt`);
    const usable = [...this.lots].reduce(
      (sum, [lot, left]) => sum + (this.pendingLots.has(lot) ? 0n : left),
      0n,
    );
    const waiting = [...this.lots].reduce(
      (sum, [lot, left]) => sum + (this.pendingLots.has(lot) ? left : 0n),
      0n,
    );
    assert.equal(this.available, usable - this.debt, `${name}: available = usable lots - debt`);
    assert.equal(this.pending, waiting, `${name}: pending = pending lots`);
    const reserved = [...this.holds.values()].reduce((sum, points) => sum + points, 0n);
    assert.equal(this.held, reserved, `${name}: held = open holds`);
  }

  private count(kind: string, available: bigint, pending: bigint, held: bigint): void {
    if (
      ['earn', 'bonus', 'opening'].includes(kind) ||
      (['adjust', 'transfer'].includes(kind) && available > 0n)
    )
      this.earned += available + pending;
    if (kind === 'expire') this.expired -= available + pending;
    if (kind === 'redeem') this.redeemed -= available + held;
    if (kind === 'refund') this.redeemed -= available;
  }

  private moveLots(entry: EntryRow, points: bigint, pending: boolean): void {
    const opens =
      ['earn', 'bonus', 'opening'].includes(entry.kind) ||
      (['adjust', 'transfer'].includes(entry.kind) && points > 0n);
    if (opens) {
      this.lots.set(entry.seq, points);
      if (pending) this.pendingLots.add(entry.seq);
    }
    for (const [place, lot] of (entry.lots ?? []).entries()) {
      const left = (this.lots.get(lot) ?? 0n) + BigInt(entry.amounts?.[place] as string);
      assert.ok(
        left >= 0n,
        `entry ${entry.seq} of wallet ${entry.wallet_id} takes more from lot ${lot} than it holds`,
      );
      this.lots.set(lot, left);
      // One that moves nothing only says which terms a lot has that a case has held back.
      if (entry.kind === 'activate' && BigInt(entry.pending) !== 0n) this.pendingLots.delete(lot);
    }
  }

  private moveHolds(entry: EntryRow, name: string, held: bigint): void {
    if (entry.kind === 'hold') {
      assert.ok(entry.expires_at !== null, `${name}: a hold without an end`);
      this.holds.set(entry.seq, held);
    } else if (held < 0n) {
      assert.equal(this.holds.get(entry.of_seq as number), -held, `${name}: ends a hold that is not open`);
      this.holds.delete(entry.of_seq as number);
    }
  }
}

/** Folds the entries of a program (null: all) and compares wallets, lots, holds and totals with them. Gives the ids of all entries. */
async function foldEntries(engine: TestEngine, program: string | null): Promise<Set<string>> {
  const scope = `(select w.wallet_id from ledger.wallets w join program.programs p on p.id = w.program_id where $1::text is null or p.name = $1)`;
  const entries = await engine.sql<EntryRow>(
    `select * from ledger.entries where wallet_id in ${scope} order by wallet_id, seq`,
    [program],
  );
  const wallets = await engine.sql<WalletRow>(`select * from ledger.wallets where wallet_id in ${scope}`, [
    program,
  ]);
  const lots = await engine.sql(
    `select wallet_id, seq, remaining, pending from ledger.open_lots where wallet_id in ${scope}`,
    [program],
  );
  const holds = await engine.sql(
    `select wallet_id, seq, points from ledger.open_holds where wallet_id in ${scope}`,
    [program],
  );
  const folded = new Map<string, Folded>();
  const totals = new Map<string, [bigint, bigint, bigint, bigint]>();
  const programs = new Map(wallets.map(wallet => [wallet.wallet_id, wallet.program_id]));
  for (const entry of entries) {
    const wallet = folded.get(entry.wallet_id) ?? new Folded();
    folded.set(entry.wallet_id, wallet);
    wallet.add(entry);
    const name = `${programs.get(entry.wallet_id)} ${Number(entry.wallet_id) % 64} ${entry.kind}`;
    const [n, available, pending, held] = totals.get(name) ?? [0n, 0n, 0n, 0n];
    totals.set(name, [
      n + 1n,
      available + BigInt(entry.available),
      pending + BigInt(entry.pending),
      held + BigInt(entry.held),
    ]);
  }
  for (const [name, [, ...sums]] of totals)
    if (name.endsWith(' transfer'))
      assert.deepEqual(sums, [0n, 0n, 0n], `transfers out = transfers in (program, unit: ${name})`);
  for (const wallet of wallets) compareWallet(wallet, folded.get(wallet.wallet_id) ?? new Folded());
  const fromEntries = [...folded].flatMap(([id, wallet]) =>
    [...wallet.lots]
      .filter(([, left]) => left > 0n)
      .map(([lot, left]) => `${id} ${lot} ${left} ${wallet.pendingLots.has(lot)}`),
  );
  assert.deepEqual(
    lots.map(lot => `${lot['wallet_id']} ${lot['seq']} ${lot['remaining']} ${lot['pending']}`).sort(),
    fromEntries.sort(),
    'open lots',
  );
  const openHolds = [...folded].flatMap(([id, wallet]) =>
    [...wallet.holds].map(([seq, points]) => `${id} ${seq} ${points}`),
  );
  assert.deepEqual(
    holds.map(hold => `${hold['wallet_id']} ${hold['seq']} ${hold['points']}`).sort(),
    openHolds.sort(),
    'open holds',
  );
  await compareTotals(engine, program, totals);
  return new Set(entries.map(entry => entryId(BigInt(entry.wallet_id), BigInt(entry.seq))));
}

function compareWallet(row: WalletRow, wallet: Folded): void {
  const { seq, available, pending, held, debt, shortfall, earned, redeemed, expired } = wallet;
  assert.deepEqual(
    [
      BigInt(row.seq),
      row.available,
      row.pending,
      row.held,
      row.debt,
      row.shortfall,
      row.earned,
      row.redeemed,
      row.expired,
    ].map(String),
    [seq, available, pending, held, debt, shortfall, earned, redeemed, expired].map(String),
    `wallet ${row.wallet_id}: seq, available, pending, held, debt, shortfall, earned, redeemed, expired`,
  );
}

async function compareTotals(
  engine: TestEngine,
  program: string | null,
  expected: ReadonlyMap<string, readonly bigint[]>,
): Promise<void> {
  const rows = await engine.sql(
    `select t.program_id, t.unit, t.kind, sum(t.entries)::text as n, sum(t.available)::text as available, sum(t.pending)::text as pending, sum(t.held)::text as held
     from ledger.totals t join program.programs p on p.id = t.program_id where $1::text is null or p.name = $1 group by 1, 2, 3`,
    [program],
  );
  const noted = rows.map(
    row =>
      `${row['program_id']} ${row['unit']} ${row['kind']}: ${row['n']} ${row['available']} ${row['pending']} ${row['held']}`,
  );
  const summed = [...expected].map(([name, sums]) => `${name}: ${sums.join(' ')}`);
  assert.deepEqual(noted.sort(), summed.sort(), 'I1: program totals');
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const base32 = (value: bigint, length: number): string => {
  let text = '';
  for (let rest = value; text.length < length; rest /= 32n) text = ALPHABET[Number(rest % 32n)] + text;
  return text;
};
const entryId = (wallet: bigint, seq: bigint): string => `ent_${base32(wallet, 13)}${base32(seq, 7)}`;

const keyOf = (...parts: unknown[]): string =>
  createHash('sha256')
    .update(parts.map(part => `${String(part).length}:${part}`).join(''))
    .digest('hex')
    .slice(0, 32);

/** One business key, one record, and the other way round. */
async function compareKeys(engine: TestEngine): Promise<void> {
  const records = await engine.sql(
    `select program_id, source, 'order' as type, external_id, id from (select distinct on (id) * from earning.orders order by id) o
     union all select program_id, source, 'return', external_id, id from earning.returns
     union all select program_id, source, 'order_event', external_id, id from earning.order_events
     union all select program_id, 'rerate', 'rerate', rerate_id || ':' || order_id || ':' || case when reverses then 'back' else 'forth' end, id from earning.reratings
     union all select program_id, 'rerate', 'rerate_activity', rerate_id || ':' || activity_id || ':' || case when reverses then 'back' else 'forth' end, id from earning.activity_reratings
     union all select program_id, source, 'activity', external_id, id from earning.activities
     union all select program_id, source, 'tier_grant', external_id, id from earning.tier_grants where order_id is null
     union all select program_id, source, 'tier_grant_end', external_id, id from earning.tier_grant_ends where ended_by <> 'fealty'
     union all select program_id, source, 'badge_award', external_id, id from earning.badge_awards
     union all select program_id, source, 'badge_withdrawal', external_id, id from earning.badge_withdrawals
     union all select program_id, source, 'referral', external_id, id from earning.referrals
     union all select program_id, 'fealty', 'referral_payment', referral_id || ':' || side || ':' || step, id from earning.referral_payments
     union all select program_id, source, 'redemption', external_id, id from rewards.redemptions
     union all select r.program_id, c.source, 'redemption_change', c.external_id, c.id from rewards.changes c join rewards.redemptions r on r.id = c.redemption_id
     union all select program_id, source, 'adjust', external_id, id from ledger.adjustments
     union all select program_id, source, 'transfer', external_id, id from rewards.transfers where external_id is not null
     union all select program_id, source, 'case_decision', external_id, id from fraud.decisions`,
  );
  const keys = await engine.sql(`select replace(key::text, '-', '') as key, result from ledger.keys`);
  assert.deepEqual(
    keys.map(row => `${row['key']} ${row['result']}`).sort(),
    records
      .map(row => `${keyOf(row['program_id'], row['source'], row['type'], row['external_id'])} ${row['id']}`)
      .sort(),
    'I4: business keys and records',
  );
}

interface Published {
  data: { id: string; data: { entries: { entry: string }[] } }[];
  next: string;
}

/** The ids of the entries that the events of a program speak of, read to the end; `after` goes on from an earlier reading. */
export async function publishedEntries(
  engine: TestEngine,
  program: string,
  after?: string,
): Promise<{ entries: string[]; events: string[]; next: string | undefined }> {
  const read = { entries: [] as string[], events: [] as string[], next: after };
  for (;;) {
    const { status, body } = await engine.get<Published>(
      `/v1/events?limit=1000${read.next === undefined ? '' : `&after=${read.next}`}`,
      program,
    );
    assert.equal(status, 200, JSON.stringify(body));
    read.next = body.next;
    read.events.push(...body.data.map(event => event.id));
    read.entries.push(...body.data.flatMap(event => event.data.entries.map(({ entry }) => entry)));
    if (body.data.length < 1000) return read;
  }
}

/** Nothing is missing in the log and nothing invented. Waits while other databases of the server hold the reader back. */
async function compareEvents(
  engine: TestEngine,
  program: string,
  entries: ReadonlySet<string>,
): Promise<void> {
  const read = await publishedEntries(engine, program);
  for (let waited = 0; read.entries.length < entries.size && waited < 20_000; waited += 50) {
    await sleep(50);
    const more = await publishedEntries(engine, program, read.next);
    read.entries.push(...more.entries);
    read.events.push(...more.events);
    read.next = more.next;
  }
  assert.equal(new Set(read.events).size, read.events.length, 'I6: an event was read twice');
  assert.deepEqual(
    read.entries.toSorted(),
    [...entries].sort(),
    `I6: events of ${program} and entries of the ledger`,
  );
}

interface Report {
  ok: boolean;
  checks: { name: string; ok: boolean; differences: string[] }[];
}

/** Asks the engine to prove itself, of all programs. */
export async function verified(engine: TestEngine): Promise<void> {
  const { status, body } = await engine.call<Report>('POST', '/v1/verify', { body: {} });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(
    body.checks.filter(check => !check.ok),
    [],
    'verify found differences',
  );
  assert.equal(body.ok, true);
}

/** The entries of one program against its wallets, lots, holds, totals and events. */
export async function programInvariants(engine: TestEngine, program: string): Promise<void> {
  await compareEvents(engine, program, await foldEntries(engine, program));
}

/** The running sums that decide tiers are those of the rows up to each, whatever came late or in one batch. */
async function compareTimelines(engine: TestEngine): Promise<void> {
  const kinds = ['spend', 'orders', 'nights', 'points'];
  const wrong = await engine.sql(
    `select * from (
       select member_id, anchor, id, ${kinds.map(kind => `${kind}_sum, sum(${kind}) over w as ${kind}_now`).join(', ')}
       from earning.timeline window w as (partition by member_id order by anchor, id)
     ) t where ${kinds.map(kind => `${kind}_sum <> ${kind}_now`).join(' or ')} limit 10`,
  );
  assert.deepEqual(wrong, [], 'running sums of the timeline');
}

/** I1 to I10 (but I8, gift cards) over the whole database. Throws an AssertionError that names what does not agree. */
export async function invariants(engine: TestEngine): Promise<void> {
  await foldEntries(engine, null);
  await compareKeys(engine);
  await compareChallenges(engine);
  await compareTimelines(engine);
  for (const { name } of await engine.sql<{ name: string }>(
    'select name from program.programs where version > 0',
  ))
    await programInvariants(engine, name);
  await verified(engine);
  await compareAllTiers(engine);
}
