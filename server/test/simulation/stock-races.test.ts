import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TwoEngines } from './two-engines.ts';

/*
 * Rewards that are asked for more often than there are. FEALTY_RACE_ROUNDS says how often a race is run (10; 200 in the
 * long run); each round has a program of its own.
 */
const ROUNDS = Number(process.env['FEALTY_RACE_ROUNDS'] ?? 10);
const engines = await TwoEngines.start('stock');
after(() => engines.stop());

interface Answered {
  status: number;
  code: string;
  id: string;
  voucher: string | null;
}

/** A program with a reward, and members who can afford everything. */
async function publish(program: string, reward: object, members: number): Promise<void> {
  const body = {
    currency: 'USD',
    units: { points: {} },
    earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
    rewards: [{ id: 'prize', cost: { unit: 'points', points: '1' }, ...reward }],
  };
  await engines.must(program, { method: 'PUT', path: `/v1/programs/${program}`, body });
  const orders = Array.from({ length: members }, (_, nr) => ({
    external_id: `start ${nr}`,
    member: `ext:m${nr}`,
    occurred_at: '2026-01-01T00:00:00Z',
    currency: 'USD',
    lines: [{ id: '1', amount: '100000' }],
  }));
  await engines.must(program, { method: 'POST', path: '/v1/orders/bulk', body: { orders } });
}

async function redeem(
  program: string,
  client: number,
  { key, member, hold, holdFor }: { key: string; member: number; hold: boolean; holdFor?: string },
): Promise<Answered> {
  const { status, body } = await engines.send(client, program, {
    method: 'POST',
    path: '/v1/redemptions',
    body: { external_id: key, member: `ext:m${member}`, reward: 'prize', capture: !hold, hold_for: holdFor },
  });
  const { code = '', redemption } = body as {
    code?: string;
    redemption?: { id: string; reward: { code: string | null } };
  };
  return {
    status: status as number,
    code,
    id: redemption?.id ?? '',
    voucher: redemption?.reward.code ?? null,
  };
}

/** How often what was answered: `201`, `422 reward_unavailable`. */
function tally(answers: readonly Answered[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, code } of answers) {
    const name = status < 300 ? String(status) : `${status} ${code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

async function left(program: string): Promise<number | null | undefined> {
  const { data } = await engines.must<{ data: { left: number | null }[] }>(program, {
    method: 'GET',
    path: '/v1/rewards',
  });
  return data[0]?.left;
}

const change = async (
  program: string,
  client: number,
  id: string,
  kind: 'void' | 'capture',
): Promise<number> =>
  (
    await engines.send(client, program, {
      method: 'POST',
      path: `/v1/redemptions/${id}/${kind}`,
      headers: { 'idempotency-key': `${kind} ${id}` },
    })
  ).status as number;

const stockOf = (round: number): number => 1 + ((round * 37) % 60);

test(`of twice the demand exactly the stock is granted, held or taken (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = `stock-${round}`;
    const stock = stockOf(round);
    const demand = Math.max(64, 2 * stock);
    await publish(program, { gives: { product: 'P' }, stock }, demand);
    const answers = await engines.race(demand, (nr, client) =>
      redeem(program, client, { key: `${nr}`, member: nr, hold: nr % 3 === 0 }),
    );
    const expected = { '201': stock, '422 reward_unavailable': demand - stock };
    assert.deepEqual(tally(answers), expected, `round ${round}`);
    assert.equal(await left(program), 0);
  }
});

test('of a large stock, which batches take from side by side until little is left, exactly all is granted', async () => {
  await publish('large', { gives: { product: 'P' }, stock: 1_500 }, 200);
  const answers = await engines.race(3_000, (nr, client) =>
    redeem('large', client, { key: `${nr}`, member: nr % 200, hold: nr % 3 === 0 }),
  );
  assert.deepEqual(tally(answers), { '201': 1_500, '422 reward_unavailable': 1_500 });
  assert.equal(await left('large'), 0);
});

test(`of twice the demand every code is handed out exactly once (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = `codes-${round}`;
    const stock = stockOf(round);
    const demand = Math.max(64, 2 * stock);
    await publish(program, { gives: { voucher: 'pool' } }, demand);
    const codes = Array.from({ length: stock }, (_, nr) => `code ${nr}`);
    await engines.must(program, { method: 'POST', path: '/v1/voucher-pools/pool/codes', body: { codes } });
    const answers = await engines.race(demand, (nr, client) =>
      redeem(program, client, { key: `${nr}`, member: nr, hold: nr % 4 === 0 }),
    );
    const expected = { '201': stock, '422 reward_unavailable': demand - stock };
    assert.deepEqual(tally(answers), expected, `round ${round}`);
    const held = answers.filter(({ status, voucher }) => status === 201 && voucher === null);
    const captures = await Promise.all(held.map(({ id }, nr) => change(program, nr, id, 'capture')));
    assert.ok(captures.every(status => status === 201));
    const pool = await engines.must(program, { method: 'GET', path: '/v1/voucher-pools/pool' });
    assert.deepEqual(pool, { pool: 'pool', codes: stock, handed_out: stock, returned: 0, left: 0 });
    const shown = answers.flatMap(({ voucher }) => voucher ?? []);
    assert.equal(new Set(shown).size, shown.length, 'a code was handed out twice');
  }
});

test(`of redemptions of one member at once exactly those succeed that the limit allows (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = `limit-${round}`;
    const limit = 1 + (round % 5);
    await publish(program, { gives: { product: 'P' }, limit: { per_member: limit, every: 'day' } }, 4);
    const answers = await engines.race(64, (nr, client) =>
      redeem(program, client, { key: `${nr}`, member: nr % 4, hold: nr % 3 === 0 }),
    );
    assert.deepEqual(tally(answers), { '201': 4 * limit, '422 reward_unavailable': 64 - 4 * limit });
  }
});

test(`units that are voided while others ask for them are granted again, and never twice (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = `void-${round}`;
    const stock = stockOf(round);
    await publish(program, { gives: { product: 'P' }, stock }, 128);
    let taken = 0;
    await engines.race(128, async (nr, client) => {
      const { status, id } = await redeem(program, client, { key: `${nr}`, member: nr, hold: true });
      if (status !== 201) return;
      const kind = nr % 2 === 0 ? 'void' : 'capture';
      assert.equal(await change(program, client + 1, id, kind), 201);
      if (kind === 'capture') taken += 1;
    });
    assert.ok(taken <= stock, `round ${round}`);
    assert.equal(await left(program), stock - taken);
    const rest = await engines.race(128, (nr, client) =>
      redeem(program, client, { key: `rest ${nr}`, member: nr, hold: false }),
    );
    assert.equal(tally(rest)['201'] ?? 0, stock - taken, `round ${round}`);
  }
});

test('at the end of holds a unit goes to its capture or to somebody else, never to both', async () => {
  const stock = 24;
  for (let round = 0; round < 3; round += 1) {
    const program = `edge-${round}`;
    await publish(program, { gives: { product: 'P' }, stock }, 100);
    const holds = await engines.race(stock, (nr, client) =>
      redeem(program, client, { key: `${nr}`, member: nr, hold: true, holdFor: 'PT1S' }),
    );
    await sleep(950);
    const ended = await engines.race(4 * stock, async (nr, client) => {
      if (nr % 4 > 0)
        return (await redeem(program, client, { key: `late ${nr}`, member: nr, hold: false })).status;
      return change(program, client, (holds[nr / 4] as Answered).id, 'capture');
    });
    const taken = ended.filter(status => status === 201).length;
    assert.ok(taken <= stock, `round ${round}: ${taken}`);
    await sleep(1_000);
    assert.equal(await left(program), stock - taken);
    const rest = await engines.race(64, (nr, client) =>
      redeem(program, client, { key: `rest ${nr}`, member: nr, hold: false }),
    );
    assert.equal(tally(rest)['201'] ?? 0, stock - taken);
  }
});

test('the books agree after all races', async () => {
  const report = await engines.must<{ ok: boolean; checks: { ok: boolean }[] }>('stock-0', {
    method: 'POST',
    path: '/v1/verify',
    body: {},
  });
  assert.deepEqual(
    report.checks.filter(({ ok }) => !ok),
    [],
  );
  assert.equal(report.ok, true);
});
