import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { TwoEngines } from './two-engines.ts';

/*
 * Members who give each other everything they have, back and forth, at two engines at once. FEALTY_RACE_ROUNDS says how
 * often a race is run (10; 200 in the long run); each round has a program of its own.
 */
const ROUNDS = Number(process.env['FEALTY_RACE_ROUNDS'] ?? 10);
const engines = await TwoEngines.start('transfers');
after(() => engines.stop());

/** A program in which each member has two lots of 50 points. */
async function publish(
  program: string,
  members: number,
  transfers: object = {},
  households: object = {},
): Promise<void> {
  const body = {
    currency: 'USD',
    units: { points: {} },
    earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
    transfers: { allowed: true, ...transfers },
    households,
  };
  await engines.must(program, { method: 'PUT', path: `/v1/programs/${program}`, body });
  const orders = Array.from({ length: 2 * members }, (_, nr) => order(nr % members, `start ${nr}`, 50));
  await engines.must(program, { method: 'POST', path: '/v1/orders/bulk', body: { orders } });
}

const order = (member: number, key: string, dollars: number) => ({
  external_id: key,
  member: `ext:m${member}`,
  occurred_at: '2026-01-01T00:00:00Z',
  currency: 'USD',
  lines: [{ id: '1', amount: String(100 * dollars) }],
});

async function available(program: string, client: number, member: number): Promise<bigint> {
  const path = `/v1/members/ext:m${member}/balances`;
  const { status, body } = await engines.send(client, program, { method: 'GET', path });
  assert.equal(status, 200);
  return BigInt((body as { balances: { available: string }[] }).balances[0]?.available ?? 0);
}

interface Given {
  answer: string;
  id: string | undefined;
}

async function give(
  program: string,
  client: number,
  sent: { key: string; from: number; to: number; points: bigint },
): Promise<Given> {
  const { key, from, to, points } = sent;
  const { status, body } = await engines.send(client, program, {
    method: 'POST',
    path: '/v1/transfers',
    body: { external_id: key, from: `ext:m${from}`, to: `ext:m${to}`, points: String(points) },
  });
  const { code, transfer } = body as { code?: string; transfer?: { id: string } };
  return { answer: [status, ...(code === undefined ? [] : [code])].join(' '), id: transfer?.id };
}

async function sums(program: string, members: number): Promise<bigint> {
  let sum = 0n;
  for (let member = 0; member < members; member += 1) {
    const own = await available(program, 0, member);
    assert.ok(own >= 0n);
    sum += own;
  }
  return sum;
}

test(`two members who give each other everything lose and gain nothing (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = `two-${round}`;
    await publish(program, 2);
    const answers = await engines.race(192, async (nr, client) => {
      const from = nr % 2;
      const points = (await available(program, client, from)) || 1n;
      return (await give(program, client, { key: `${nr}`, from, to: 1 - from, points })).answer;
    });
    const others = answers.filter(answer => answer !== '201' && answer !== '422 insufficient_balance');
    assert.deepEqual(others, [], `round ${round}`);
    assert.ok(answers.includes('201'));
    assert.equal(await sums(program, 2), 200n, `round ${round}`);
  }
});

test(`rings of members, orders and redemptions at the same time: every point is somewhere (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = `ring-${round}`;
    await publish(program, 8);
    let expected = 800n;
    const answers = await engines.race(256, async (nr, client) => {
      const from = (nr * 5) % 8;
      const to = (from + 1 + (nr % 7)) % 8;
      if (nr % 8 === 3) {
        const request = { method: 'POST' as const, path: '/v1/orders', body: order(from, `order ${nr}`, 10) };
        const { status } = await engines.send(client, program, request);
        if (status === 201) expected += 10n;
        return `${status}`;
      }
      if (nr % 8 === 5) {
        const body = { external_id: `${nr}`, member: `ext:m${from}`, points: '7', capture: true };
        const { status } = await engines.send(client, program, {
          method: 'POST',
          path: '/v1/redemptions',
          body,
        });
        if (status === 201) expected -= 7n;
        return status === 201 ? '201' : `${status} insufficient_balance`;
      }
      const points = (await available(program, client, from)) || 1n;
      return (await give(program, client, { key: `${nr}`, from, to, points })).answer;
    });
    const others = answers.filter(answer => answer !== '201' && answer !== '422 insufficient_balance');
    assert.deepEqual(others, [], `round ${round}`);
    assert.equal(await sums(program, 8), expected, `round ${round}`);
  }
});

test(`the same transfer sent to both engines at once is one (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = `same-${round}`;
    await publish(program, 2);
    const sent = { key: 'once', from: 0, to: 1, points: 100n };
    const answers = await engines.race(64, (_, client) => give(program, client, sent));
    assert.equal(answers.filter(({ answer }) => answer === '201').length, 1);
    assert.equal(answers.filter(({ answer }) => answer === '200').length, 63);
    assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
    assert.deepEqual([await available(program, 0, 0), await available(program, 0, 1)], [0n, 200n]);
  }
});

test(`limits of a sender and of a receiver hold at two engines at once (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = `limit-${round}`;
    const most = 3 + (round % 5);
    await publish(program, 16, { send: { times: 2 }, receive: { points: String(most) } });
    const answers = await engines.race(128, async (nr, client) => {
      const from = nr % 15;
      return (await give(program, client, { key: `${nr}`, from, to: 15, points: 1n })).answer;
    });
    assert.equal(answers.filter(answer => answer === '201').length, most);
    assert.equal(answers.filter(answer => answer === '422 transfer_limited').length, 128 - most);
    assert.equal(await available(program, 0, 15), BigInt(100 + most));
  }
});

test(`members who contribute, redeem, leave and join at two engines at once lose nothing (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = `home-${round}`;
    await publish(program, 4, {}, { on_leave: 'give_back', maximum_members: 3 });
    const home = await engines.must<{ household: { id: string } }>(program, {
      method: 'POST',
      path: '/v1/households',
      body: { external_id: 'm9' },
    });
    let expected = 400n;
    const answers = await engines.race(256, async (nr, client) => {
      const member = (nr * 5) % 4;
      const place = `/v1/households/${home.household.id}/members/ext:m${member}`;
      if (nr % 3 === 0) {
        const points = (await available(program, client, member)) || 1n;
        return (await give(program, client, { key: `${nr}`, from: member, to: 9, points })).answer;
      }
      if (nr % 3 === 1) {
        const body = {
          external_id: `${nr}`,
          member: 'ext:m9',
          by: `ext:m${member}`,
          points: '3',
          capture: true,
        };
        const request = { method: 'POST' as const, path: '/v1/redemptions', body };
        const { status, body: answer } = await engines.send(client, program, request);
        if (status === 201) expected -= 3n;
        return [status, (answer as { code?: string }).code ?? []].flat().join(' ');
      }
      const method = nr % 4 === 0 ? 'DELETE' : 'PUT';
      const { status, body: answer } = await engines.send(client, program, { method, path: place });
      return [status, (answer as { code?: string }).code ?? []].flat().join(' ');
    });
    const refused = answers.filter(answer => !/^20[01]$/.test(answer));
    const reasons = ['insufficient_balance', 'household_member_not_found', 'household_not_joinable'];
    const others = refused.filter(answer => !reasons.some(code => answer === `422 ${code}`));
    assert.deepEqual(others, [], `round ${round}`);
    assert.ok(answers.length > refused.length);
    const pool = await available(program, 0, 9);
    assert.equal((await sums(program, 4)) + pool, expected, `round ${round}`);
  }
});

test('the books agree after all races', async () => {
  const report = await engines.must<{ ok: boolean; checks: { ok: boolean }[] }>('two-0', {
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
