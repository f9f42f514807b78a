import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { orderOf, SHOP } from '../support/books.ts';
import { type Json, type Reply, testEngine } from '../support/engine.ts';
import { invariants } from '../support/invariants.ts';

/*
 * Two engines on one database. FEALTY_RACE_ROUNDS says how often the race for a balance is run (20; 500 in the long
 * run).
 */
const ROUNDS = Number(process.env['FEALTY_RACE_ROUNDS'] ?? 20);
const one = await testEngine();
const two = await testEngine({ database: one.database });
const both = [one, two];
await one.publish('shop', SHOP);
after(async () => {
  await two.stop();
  await one.stop();
});

const post = (place: number, path: string, body: object): Promise<Reply> =>
  (both[place % 2] as typeof one).post(path, 'shop', body);
const give = async (member: string, points: number): Promise<void> => {
  const { status } = await one.post(`/v1/members/ext:${member}/adjustments`, 'shop', {
    external_id: `${member} ${points}`,
    points: String(points),
    reason: 'a start',
  });
  assert.equal(status, 201);
};
const enrol = (member: string): Promise<Reply> => one.post('/v1/members', 'shop', { external_id: member });
const sums = async (member: string): Promise<Record<string, string>> => {
  const answers = await Promise.all(
    both.map(engine =>
      engine.get<{ balances: Record<string, string>[] }>(`/v1/members/ext:${member}/balances`, 'shop'),
    ),
  );
  assert.deepEqual(answers[0]?.body, answers[1]?.body, 'both engines see the same balance');
  return answers[0]?.body.balances[0] as Record<string, string>;
};

/** How often each status and code was answered: `201`, `422 insufficient_balance`. */
function tally(replies: readonly Reply[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of replies) {
    const name = status < 300 ? String(status) : `${status} ${body['code']}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const times = <T>(count: number, make: (place: number) => T): T[] =>
  Array.from({ length: count }, (_, place) => make(place));

test(`of 200 redemptions at once, of a balance that affords k, exactly k succeed (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const member = `racer ${round}`;
    const affords = 1 + ((round * 37) % 199);
    await enrol(member);
    await give(member, affords * 5 + (round % 5));
    const replies = await Promise.all(
      times(200, place =>
        post(place, '/v1/redemptions', {
          external_id: `${member} ${place}`,
          member: `ext:${member}`,
          points: '5',
          capture: place % 3 === 0,
        }),
      ),
    );
    const expected = {
      '201': affords,
      ...(affords < 200 ? { '422 insufficient_balance': 200 - affords } : {}),
    };
    assert.deepEqual(tally(replies), expected, `round ${round}`);
    assert.equal((await sums(member))['available'], String(round % 5));
  }
});

test('1,000 orders and redemptions of one member at once are exact, and none is refused for contention', async () => {
  await enrol('hot');
  await give('hot', 100);
  const replies = await Promise.all(
    times(1_000, place =>
      place % 2 === 0
        ? post(place >> 1, '/v1/orders', orderOf(`hot ${place}`, 'hot', '300'))
        : post(place >> 1, '/v1/redemptions', {
            external_id: `hot ${place}`,
            member: 'ext:hot',
            points: '4',
            capture: true,
          }),
    ),
  );
  const counts = tally(replies);
  const redeemed = (counts['201'] ?? 0) - 500;
  assert.deepEqual(counts, {
    '201': 500 + redeemed,
    ...(redeemed < 500 ? { '422 insufficient_balance': 500 - redeemed } : {}),
  });
  assert.equal((await sums('hot'))['available'], String(100 + 500 * 3 - redeemed * 4));
});

test('the same key sent to both engines at once has one effect and one answer', async () => {
  await enrol('twin');
  await give('twin', 1_000);
  await one.post('/v1/orders', 'shop', orderOf('twin order', 'twin', '10000'));
  const writes: [path: string, body: (nr: number) => Json][] = [
    ['/v1/orders', nr => orderOf(`twin ${nr}`, 'twin', '700')],
    ['/v1/orders', nr => orderOf(`newcomer ${nr}`, `newcomer ${nr}`, '700')],
    ['/v1/redemptions', nr => ({ external_id: `twin ${nr}`, member: 'ext:twin', points: '3' })],
    ['/v1/members/ext:twin/adjustments', nr => ({ external_id: `twin ${nr}`, points: '-2', reason: 'race' })],
    [
      '/v1/orders/ext:twin order/returns',
      nr => ({
        external_id: `twin ${nr}`,
        occurred_at: '2026-01-01T00:00:00Z',
        lines: [{ id: '1', amount: '100' }],
      }),
    ],
  ];
  for (const [path, body] of writes) {
    const rounds = times(10, nr => Promise.all(times(4, place => post(place, encodeURI(path), body(nr)))));
    for (const replies of await Promise.all(rounds)) {
      assert.deepEqual(
        tally(replies),
        { '201': 1, '200': 3 },
        `${path}: ${JSON.stringify(replies.map(reply => reply.body))}`,
      );
      const [first, ...others] = replies.map(({ body: { known: _, ...rest } }) => rest);
      for (const other of others) assert.deepEqual(other, first);
    }
  }
});

test('one order sent once to each engine is taken once, though neither knew of it', async () => {
  await enrol('single');
  for (let round = 0; round < 20; round += 1) {
    const replies = await Promise.all(
      times(2, place => post(place, '/v1/orders', orderOf(`single ${round}`, 'single', '700'))),
    );
    assert.deepEqual(tally(replies), { '201': 1, '200': 1 });
  }
  assert.equal((await sums('single'))['available'], '140');
});

test('a key that was carried out meanwhile is known, and not refused by its own effect', async () => {
  for (let round = 0; round < 10; round += 1) {
    const member = `once ${round}`;
    await enrol(member);
    await give(member, 3);
    const body = { external_id: member, member: `ext:${member}`, points: '3', capture: true };
    const replies = await Promise.all(times(6, place => post(place, '/v1/redemptions', body)));
    assert.deepEqual(tally(replies), { '201': 1, '200': 5 });
  }
});

test('members whom both engines enrol at once exist once and have what both gave', async () => {
  const replies = await Promise.all(
    times(200, place =>
      post(place, '/v1/orders', orderOf(`enrolling ${place}`, `pair ${place >> 1}`, '500')),
    ),
  );
  assert.deepEqual(tally(replies), { '201': 200 });
  const [count] = await one.sql(
    `select count(*)::int as n from members.members where external_id like 'pair %'`,
  );
  assert.equal(count?.['n'], 100);
  for (const place of [0, 50, 99]) assert.equal((await sums(`pair ${place}`))['available'], '10');
});

test('bulk calls with the same members in opposite order all go through', async () => {
  for (let round = 0; round < 4; round += 1) {
    const members = times(100, nr => `crowd ${round % 2 === 0 ? round : round - 1} ${nr}`);
    const bulk = (list: readonly string[], name: string) => ({
      orders: list.map(member => orderOf(`${name} ${round} ${member}`, member, '100')),
    });
    const replies = await Promise.all([
      post(0, '/v1/orders/bulk', bulk(members, 'up')),
      post(1, '/v1/orders/bulk', bulk(members.toReversed(), 'down')),
      post(0, '/v1/orders/bulk', bulk(members.toReversed(), 'down again')),
      post(1, '/v1/orders/bulk', bulk(members, 'up again')),
    ]);
    for (const { body } of replies)
      assert.deepEqual(
        [body['created'], body['known'], body['refused']],
        [100, 0, 0],
        JSON.stringify(body).slice(0, 500),
      );
  }
});

test('bulk calls with the same orders in opposite order take each once', async () => {
  const orders = times(100, nr => orderOf(`same ${nr}`, `crowd 0 ${nr}`, '100'));
  const replies = await Promise.all([
    post(0, '/v1/orders/bulk', { orders }),
    post(1, '/v1/orders/bulk', { orders: orders.toReversed() }),
  ]);
  const sum = (name: string) => replies.reduce((all, reply) => all + Number(reply.body[name]), 0);
  assert.deepEqual([sum('created'), sum('known'), sum('refused')], [100, 100, 0]);
});

for (const [what, amount, points] of [
  ['that earned points', '1000', 10],
  ['that earned nothing', '40', 0],
] as const) {
  test(`of returns at once, of an order ${what}, exactly those succeed that there is something left for`, async () => {
    for (let round = 0; round < 5; round += 1) {
      const name = `returner ${amount} ${round}`;
      await one.post(
        '/v1/orders',
        'shop',
        orderOf(name, name, amount, { lines: [{ id: '1', quantity: 4, amount }] }),
      );
      const replies = await Promise.all(
        times(12, place =>
          post(place, `/v1/orders/ext:${name}/returns`, {
            external_id: `${name} ${place}`,
            occurred_at: '2026-01-01T00:00:00Z',
            lines: [{ id: '1', quantity: 1 }],
          }),
        ),
      );
      assert.deepEqual(tally(replies), { '201': 4, '422 return_exceeds_order': 8 });
      assert.equal((await sums(name))['available'], '0');
      const clawed = replies.flatMap(({ body }) =>
        ((body['return'] as { clawed_back?: { decided: string }[] } | undefined)?.clawed_back ?? []).map(
          part => Number(part.decided),
        ),
      );
      assert.equal(
        clawed.reduce((sum, part) => sum + part, 0),
        points,
      );
    }
  });
}

test('of two revisions of an order at once, the higher one stands in the end', async () => {
  for (let round = 0; round < 10; round += 1) {
    const name = `amended ${round}`;
    await one.post('/v1/orders', 'shop', orderOf(name, name, '40'));
    const replies = await Promise.all([
      post(0, '/v1/orders', orderOf(name, name, '50000', { revision: 2 })),
      post(1, '/v1/orders', orderOf(name, name, '700', { revision: 3 })),
      post(0, '/v1/orders', orderOf(name, name, '700', { revision: 3 })),
    ]);
    const outdated = tally(replies)['409 revision_outdated'] ?? 0;
    assert.deepEqual(tally(replies), {
      '201': 2 - outdated,
      '200': 1,
      ...(outdated > 0 ? { '409 revision_outdated': 1 } : {}),
    });
    assert.equal((await sums(name))['available'], '7');
  }
});

test('of a capture and a void at once exactly one wins, and refunds never exceed what was redeemed', async () => {
  await enrol('undecided');
  await give('undecided', 500);
  for (let round = 0; round < 10; round += 1) {
    const held = await one.post<{ redemption: { id: string } }>('/v1/redemptions', 'shop', {
      external_id: `undecided ${round}`,
      member: 'ext:undecided',
      points: '50',
    });
    const path = `/v1/redemptions/${held.body.redemption.id}`;
    const change = (place: number, kind: string) =>
      (both[place] as typeof one).post(`${path}/${kind}`, 'shop', undefined, {
        'idempotency-key': `${kind} ${round}`,
      });
    const replies = await Promise.all([change(round % 2, 'capture'), change((round + 1) % 2, 'void')]);
    const [captured] = replies as [Reply, Reply];
    assert.deepEqual(tally(replies), {
      '201': 1,
      [captured.status === 201 ? '409 redemption_captured' : '409 redemption_voided']: 1,
    });
    if (captured.status !== 201) continue;
    const refunds = await Promise.all(
      times(12, place =>
        post(place, `${path}/refunds`, { external_id: `back ${round} ${place}`, points: '7' }),
      ),
    );
    assert.deepEqual(tally(refunds), { '201': 7, '422 refund_exceeds_redemption': 5 });
  }
});

test('the books agree after all races', async () => {
  await invariants(one);
});
