import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { TwoEngines } from './two-engines.ts';

/* FEALTY_RACE_ROUNDS says how often a race is run (20; 200 in the long run). */
const ROUNDS = Number(process.env['FEALTY_RACE_ROUNDS'] ?? 20);
const engines = await TwoEngines.start('budgets');
after(() => engines.stop());

interface Effect {
  rule: string | null;
  points: string;
}

/** Makes a program with one campaign, `gift`, beside a rule of its own. */
async function publish(program: string, points: string, campaign: object): Promise<void> {
  const document = {
    currency: 'USD',
    units: { points: {} },
    earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
    campaigns: [{ id: 'gift', effect: { earn: { unit: 'points', fixed: points } }, ...campaign }],
  };
  await engines.must(program, { method: 'PUT', path: `/v1/programs/${program}`, body: document });
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
  const answer = await engines.send(place, program, { method: 'POST', path: '/v1/orders', body });
  assert.ok(answer.status <= 201, JSON.stringify(answer.body));
  return giftIn((answer.body as { effects: Effect[] }).effects);
}

const sum = (parts: readonly bigint[]): bigint => parts.reduce((all, part) => all + part, 0n);

/** What both engines say of the budget. */
async function budgetOf(program: string): Promise<{ granted: bigint; left: bigint }> {
  const path = `/v1/programs/${program}/budgets`;
  const asked = [0, 1].map(place => engines.send(place, program, { method: 'GET', path }));
  const [one, two] = (await Promise.all(asked)).map(({ body }) => body);
  assert.deepEqual(one, two);
  const [row] = (one as { data: { granted: string; left: string }[] }).data;
  return { granted: BigInt(row?.granted ?? -1), left: BigInt(row?.left ?? -1) };
}

test(`of twice the demand exactly the budget is granted (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = `unit-${round}`;
    const budget = 16 + ((round * 29) % 80);
    const when_short = round % 2 === 0 ? 'trim' : 'refuse';
    await publish(program, '1', { budget: { points: String(budget), when_short } });
    const gifts = await engines.race(2 * budget, (nr, client) => order(client, program, `${nr}`, `m${nr}`));
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
    const gifts = await engines.race(16, async (nr, client) => {
      const orders = Array.from({ length: 20 }, (_, row) => orderOf(`${nr} ${row}`, `m${nr} ${row}`));
      const { body } = await engines.send(client, program, {
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
    const gifts = await engines.race(96, async (nr, client) => {
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
  const gifts = await engines.race(96, async (nr, client) => {
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
    const net = await engines.race(160, async (nr, client) => {
      const gift = await order(client, program, `${nr}`, `m${nr}`);
      if (gift === 0n || nr % 2 === 1) return gift;
      const { status, body } = await engines.send(client + 1, program, {
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
    const rest = await engines.race(64, (nr, client) => order(client, program, `rest ${nr}`, `m${nr}`));
    assert.equal(sum(rest), left);
    assert.deepEqual(await budgetOf(program), { granted: 40n, left: 0n });
  }
});

test('a version published in the middle raises the budget, or cuts it to no less than was granted', async () => {
  for (let round = 0; round < Math.ceil(ROUNDS / 4); round += 1) {
    const program = `versions-${round}`;
    const budgets = [60n, round % 2 === 0 ? 90n : 30n];
    await publish(program, '1', { budget: { points: String(budgets[0]) } });
    let later: Promise<boolean> | undefined;
    const gifts = await engines.race(200, async (nr, client) => {
      if (nr === 20)
        later = publish(program, '1', { budget: { points: String(budgets[1]) } }).then(
          () => true,
          (error: Error) => {
            assert.match(error.message, /program_invalid.*has given \d+ points already/);
            return false;
          },
        );
      return order(client, program, `${nr}`, `m${nr}`);
    });
    const granted = (await later) ? budgets[1] : budgets[0];
    assert.equal(sum(gifts), granted, `round ${round}`);
    assert.deepEqual(await budgetOf(program), { granted, left: 0n });
  }
});

test('an engine that is killed in the middle takes nothing with it', async () => {
  await publish('killed', '1', { budget: { points: '300' } });
  let answered = 0;
  let restarted: Promise<void> | undefined;
  const gifts = await engines.race(600, async (nr, client) => {
    for (let place = client; ; place += 1) {
      try {
        const gift = await order(place, 'killed', `${nr}`, `m${nr}`);
        answered += 1;
        if (answered === 150) restarted = engines.killAndStart(0);
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
  const { status, body } = await engines.send(0, 'killed', { method: 'POST', path: '/v1/verify', body: {} });
  assert.equal(status, 200);
  assert.equal((body as { ok: boolean }).ok, true, JSON.stringify(body));
});
