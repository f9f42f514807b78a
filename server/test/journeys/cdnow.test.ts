import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFile, missing, ORDERS } from '../faults/cdnow.ts';
import { type Json, POINTS_PER_DOLLAR, startEngine, testClock } from './engine.ts';

/*
 * The orders of CDNOW's customers in 1997 and 1998 under tiers by spend in rolling twelve months: what they come to is
 * known to the point, whichever way they come in.
 */

const POINTS = 2_694_870;
const DECIDED = { bronze: 56_288, silver: 8_284, gold: 5_087 };
const MEMBERS = { bronze: 22_231, silver: 1_014, gold: 325 };
const NOW = '1998-07-01T00:00:00.000Z';
const CLIENTS = 8;
const skip = existsSync(findFile()) ? false : missing();

const PLAIN = { ...POINTS_PER_DOLLAR, ...testClock(NOW) };
const TIERED = {
  ...PLAIN,
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P12M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'silver', from: '200.00', multiplier: '1.25' },
      { id: 'gold', from: '500.00', multiplier: '1.5' },
    ],
  },
};

interface Row {
  external_id: string;
  member: string;
  occurred_at: string;
  currency: 'USD';
  lines: [{ id: '1'; quantity: number; amount: string }];
}

const run = skip ? null : await startEngine();
const engine = () => run as NonNullable<typeof run>;
const ROWS: Row[] = skip
  ? []
  : readFileSync(findFile(), 'utf8')
      .split(/\r?\n/)
      .slice(1)
      .filter(line => line.trim() !== '')
      .map((line, index) => {
        const [member, date = '', quantity, dollars = ''] = line.trim().split(/\s+/);
        const [whole, cents = ''] = dollars.split('.');
        return {
          external_id: `row-${index + 1}`,
          member: `ext:${member}`,
          occurred_at: `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6, 8)}T00:00:00Z`,
          currency: 'USD',
          lines: [
            {
              id: '1',
              quantity: Number(quantity),
              amount: String(BigInt(`${whole}${cents.padEnd(2, '0')}`)),
            },
          ],
        };
      });

/** Sends rows in bulk from several clients, each with the members of its own, and counts what was answered. */
async function send(program: string, rows: readonly Row[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      const own = rows.filter(row => Number(row.member.slice(4)) % CLIENTS === client);
      for (let start = 0; start < own.length; start += 1000) {
        const orders = own.slice(start, start + 1000);
        const { status, body } = await engine()
          .on(program)
          .post('/v1/orders/bulk', { orders }, { prefer: 'return=minimal' });
        assert.equal(status, 200, JSON.stringify(body).slice(0, 500));
        for (const kind of ['created', 'known', 'refused']) counts[kind] = (counts[kind] ?? 0) + body[kind];
      }
    }),
  );
  return counts;
}

/** Points by member, and the orders by the tier that decided them. */
async function ledgerOf(program: string) {
  const points = await engine().base.sql(
    `select m.external_id, w.available::text as points from ledger.wallets w join members.members m on m.id = w.wallet_id / 64
     join program.programs p on p.id = m.program_id where p.name = $1`,
    [program],
  );
  const tiers = await engine().base.sql(
    `select o.applied ->> 'tier' as tier, count(*)::integer as orders from earning.orders o
     join program.programs p on p.id = o.program_id where p.name = $1 and o.applied is not null group by 1`,
    [program],
  );
  return {
    points: new Map(points.map(row => [String(row['external_id']), Number(row['points'])])),
    tiers: Object.fromEntries(tiers.map(row => [row['tier'], row['orders']])),
  };
}

const total = (points: ReadonlyMap<string, number>): number =>
  [...points.values()].reduce((sum, own) => sum + own, 0);

async function membersByTier(program: string) {
  const { body } = await engine().on(program).get(`/v1/tiers?as_of=${NOW}`);
  return Object.fromEntries(body.levels.map((level: Json) => [level.tier, level.members]));
}

async function ended(program: string, path: string): Promise<Json> {
  for (;;) {
    const { body } = await engine().on(program).get(path);
    if (!/ing$/.test(body.state)) return body;
    await sleep(100);
  }
}

test('orders over HTTP in bulk, from eight clients', { skip }, async () => {
  await engine().put('/v1/programs/tiered', TIERED);
  assert.deepEqual(await send('tiered', ROWS), { created: ORDERS, known: 0, refused: 0 });
  const { points, tiers } = await ledgerOf('tiered');
  assert.equal(total(points), POINTS);
  assert.deepEqual(tiers, DECIDED);
  assert.deepEqual(await membersByTier('tiered'), MEMBERS);
});

test('a backtest of the draft over the orders of the plain program', { skip }, async () => {
  await engine().put('/v1/programs/plain', PLAIN);
  await send('plain', ROWS);
  const made = await engine().on('plain').post('/v1/backtests', { document: TIERED, to: NOW });
  const { report } = await ended('plain', `/v1/backtests/${made.body.id}`);
  assert.equal(Number(report.units[0].draft), POINTS);
  const drafted = (what: 'orders' | 'members') =>
    Object.fromEntries(report.tiers.map((tier: Json) => [tier.tier, tier[what].draft]));
  assert.deepEqual([drafted('orders'), drafted('members')], [DECIDED, MEMBERS]);
});

test('one in twenty sent twice, one in a hundred up to 60 days late, then re-rated', { skip }, async () => {
  const noise = (index: number) => (index * 48_271 + 11) % 65_537;
  const isLate = (index: number) => noise(index) % 100 === 0;
  const delay = (index: number) => (isLate(index) ? (1 + (noise(index) % 60)) * 86_400_000 : 0);
  const arrival = ROWS.map((row, index) => ({ row, index, at: Date.parse(row.occurred_at) + delay(index) }))
    .sort((a, b) => a.at - b.at || a.index - b.index)
    .flatMap(({ row, index }) => (noise(index) % 20 === 7 ? [row, row] : [row]));
  await engine().put('/v1/programs/late', TIERED);
  const twice = arrival.length - ORDERS;
  assert.ok(twice > 3_000, String(twice));
  assert.deepEqual(await send('late', arrival), { created: ORDERS, known: twice, refused: 0 });

  const [wanted, mixed] = [await ledgerOf('tiered'), await ledgerOf('late')];
  const late = new Set(ROWS.filter((_, index) => isLate(index)).map(({ member }) => member.slice(4)));
  const differing = [...wanted.points].filter(([member, own]) => mixed.points.get(member) !== own);
  assert.ok(differing.length > 0);
  assert.deepEqual(
    differing.filter(([member]) => !late.has(member)),
    [],
  );
  const listed = await engine().on('late').get('/v1/late-orders?limit=1000');
  assert.ok(listed.body.data.length > 100, String(listed.body.data.length));

  const year = { from: '1997-01-01T00:00:00Z', to: NOW, note: 'late orders' };
  const { body } = await engine().on('late').post('/v1/rerates', year);
  const plan = await ended('late', `/v1/rerates/${body.id}`);
  assert.equal(plan.state, 'planned');
  await engine().on('late').post(`/v1/rerates/${body.id}/apply`);
  const applied = await ended('late', `/v1/rerates/${body.id}`);
  assert.deepEqual([applied.state, applied.applied, applied.refused], ['applied', plan.orders, 0]);
  const after = await ledgerOf('late');
  assert.equal(total(after.points), POINTS);
  assert.deepEqual(after.points, wanted.points);
  assert.deepEqual(await membersByTier('late'), MEMBERS);
});

test('what the ledger says agrees along every path', { skip }, async () => {
  const { body } = await engine().post('/v1/verify', {});
  assert.equal(body.ok, true, JSON.stringify(body));
});
