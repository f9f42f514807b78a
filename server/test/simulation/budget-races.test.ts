import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { type Answer, Http, type Request } from '../faults/http.ts';
import { Engine } from '../faults/processes.ts';
import { testDatabase } from '../support/database.ts';

/*
 * Two engine processes on one database, and 64 clients over HTTP, half of them at each. FEALTY_RACE_ROUNDS says how
 * often a race is run (20; 200 in the long run).
 */
const ROUNDS = Number(process.env['FEALTY_RACE_ROUNDS'] ?? 20);
const CLIENTS = 64;
const database = await testDatabase();
const folder = mkdtempSync(join(tmpdir(), 'fealty-budgets-'));
const engines = ['one', 'two'].map(
  name =>
    new Engine({
      folder: join(folder, name),
      env: { FEALTY_DATABASE_URL: database.ownerUrl, FEALTY_ROLES: 'api' },
    }),
) as [Engine, Engine];
const http = new Http(30_000);
// One after the other: the first makes the key that is shown once.
for (const engine of engines) await engine.start();
const { key } = engines[0];
after(async () => {
  http.close();
  for (const engine of engines) await engine.stop();
  await database.close();
  rmSync(folder, { recursive: true });
});

interface Effect {
  rule: string | null;
  points: string;
}

const send = async (place: number, program: string, request: Request): Promise<Answer> =>
  http.send(await (engines[place % 2] as Engine).address(), key, {
    ...request,
    headers: { 'fealty-program': program },
  });

/** Makes a program with one campaign, `gift`, beside a rule of its own. */
async function publish(program: string, points: string, campaign: object): Promise<void> {
  const document = {
    currency: 'USD',
    units: { points: {} },
    earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
    campaigns: [{ id: 'gift', effect: { earn: { unit: 'points', fixed: points } }, ...campaign }],
  };
  const { status, body } = await send(0, program, {
    method: 'PUT',
    path: `/v1/programs/${program}`,
    body: document,
  });
  assert.ok(status <= 201, JSON.stringify(body));
}

const orderOf = (externalId: string, member: string) => ({
  external_id: externalId,
  member: `ext:${member}`,
  occurred_at: '2026-01-01T00:00:00Z',
  currency: 'USD',
  lines: [{ id: '1', amount: '100' }],
});

const giftIn = (effects: readonly Effect[]): bigint =>
  effects.reduce((sum, { rule, points }) => sum + (rule?.startsWith('gift@') ? BigInt(points) : 0n), 0n);

/** Sends an order and gives what the campaign gave for it. */
async function order(place: number, program: string, externalId: string, member: string): Promise<bigint> {
  const body = orderOf(externalId, member);
  const answer = await send(place, program, { method: 'POST', path: '/v1/orders', body });
  assert.ok(answer.status <= 201, JSON.stringify(answer.body));
  return giftIn((answer.body as { effects: Effect[] }).effects);
}

/** Carries out `count` pieces of work by 64 clients, each of which does one after the other. */
async function race<T>(count: number, work: (nr: number, client: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      for (let nr = next++; nr < count; nr = next++) results.push(await work(nr, client));
    }),
  );
  return results;
}

const sum = (parts: readonly bigint[]): bigint => parts.reduce((all, part) => all + part, 0n);

/** What both engines say of the budget. */
async function budgetOf(program: string): Promise<{ granted: bigint; left: bigint }> {
  const path = `/v1/programs/${program}/budgets`;
  const asked = [0, 1].map(place => send(place, program, { method: 'GET', path }));
  const [one, two] = (await Promise.all(asked)) as [Answer, Answer];
  assert.deepEqual(one.body, two.body);
  const [row] = (one.body as { data: { granted: string; left: string }[] }).data;
  return { granted: BigInt(row?.granted ?? -1), left: BigInt(row?.left ?? -1) };
}

test(`of twice the demand exactly the budget is granted (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = `unit-${round}`;
    const budget = 16 + ((round * 29) % 80);
    const when_short = round % 2 === 0 ? 'trim' : 'refuse';
    await publish(program, '1', { budget: { points: String(budget), when_short } });
    const gifts = await race(2 * budget, (nr, client) => order(client, program, `${nr}`, `m${nr}`));
    assert.equal(sum(gifts), BigInt(budget), `round ${round}`);
    assert.ok(gifts.every(gift => gift <= 1n));
    assert.deepEqual(await budgetOf(program), { granted: BigInt(budget), left: 0n });
  }
});

for (const [when_short, granted] of [
  ['trim', 1_000n],
  ['refuse', 994n],
] as const) {
  test(`of a budget of 1,000 in gifts of 7 in bulk, ${granted} are granted with ${when_short}`, async () => {
    const program = `bulk-${when_short}`;
    await publish(program, '7', { budget: { points: '1000', when_short } });
    const gifts = await race(16, async (nr, client) => {
      const orders = Array.from({ length: 20 }, (_, row) => orderOf(`${nr} ${row}`, `m${nr} ${row}`));
      const { body } = await send(client, program, {
        method: 'POST',
        path: '/v1/orders/bulk',
        body: { orders },
      });
      const { results } = body as { results: { answer: { effects: Effect[] } }[] };
      return sum(results.map(result => giftIn(result.answer.effects)));
    });
    assert.equal(sum(gifts), granted);
    assert.deepEqual(await budgetOf(program), { granted, left: 1_000n - granted });
  });
}

test('a campaign counts for each member as often as its limit says, within its budget', async () => {
  for (let round = 0; round < Math.ceil(ROUNDS / 4); round += 1) {
    const program = `limit-${round}`;
    await publish(program, '1', { limit: { per_member: 3 }, budget: { points: '20' } });
    const gifts = await race(96, async (nr, client) => {
      const member = nr % 8;
      return { member, gift: await order(client, program, `${nr}`, `m${member}`) };
    });
    assert.equal(sum(gifts.map(({ gift }) => gift)), 20n);
    for (const own of Map.groupBy(gifts, ({ member }) => member).values())
      assert.ok(sum(own.map(({ gift }) => gift)) <= 3n, `round ${round}`);
    assert.deepEqual(await budgetOf(program), { granted: 20n, left: 0n });
  }
});

test('without a budget each member has exactly what the limit allows', async () => {
  await publish('limits', '1', { limit: { per_member: 3 } });
  const gifts = await race(96, async (nr, client) => {
    const member = nr % 8;
    return { member, gift: await order(client, 'limits', `${nr}`, `m${member}`) };
  });
  for (const own of Map.groupBy(gifts, ({ member }) => member).values())
    assert.equal(sum(own.map(({ gift }) => gift)), 3n);
});

test('what comes back can be granted again, and is never granted twice', async () => {
  for (let round = 0; round < Math.ceil(ROUNDS / 4); round += 1) {
    const program = `back-${round}`;
    await publish(program, '1', { budget: { points: '40' } });
    const net = await race(160, async (nr, client) => {
      const gift = await order(client, program, `${nr}`, `m${nr}`);
      if (gift === 0n || nr % 2 === 1) return gift;
      const { status, body } = await send(client + 1, program, {
        method: 'POST',
        path: `/v1/orders/ext:${nr}/returns`,
        body: { external_id: `back ${nr}`, occurred_at: '2026-01-02T00:00:00Z' },
      });
      assert.equal(status, 201, JSON.stringify(body));
      return 0n;
    });
    const { granted, left } = await budgetOf(program);
    assert.equal(granted, sum(net), `round ${round}`);
    assert.equal(granted + left, 40n);
    const rest = await race(64, (nr, client) => order(client, program, `rest ${nr}`, `m${nr}`));
    assert.equal(sum(rest), left);
    assert.deepEqual(await budgetOf(program), { granted: 40n, left: 0n });
  }
});

test('an engine that is killed in the middle takes nothing with it', async () => {
  await publish('killed', '1', { budget: { points: '300' } });
  const [victim] = engines;
  let answered = 0;
  let restarted: Promise<void> | undefined;
  const gifts = await race(600, async (nr, client) => {
    for (let place = client; ; place += 1) {
      try {
        const gift = await order(place, 'killed', `${nr}`, `m${nr}`);
        answered += 1;
        if (answered === 150) restarted = victim.kill().then(() => victim.start());
        return gift;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
    }
  });
  await restarted;
  assert.equal(sum(gifts), 300n);
  assert.deepEqual(await budgetOf('killed'), { granted: 300n, left: 0n });
});

test('the books agree after all races', async () => {
  const { status, body } = await send(0, 'killed', { method: 'POST', path: '/v1/verify', body: {} });
  assert.equal(status, 200);
  assert.equal((body as { ok: boolean }).ok, true, JSON.stringify(body));
});
