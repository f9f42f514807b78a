import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { at, burst, buy, careful, cases, decide, HOUR, points } from './careful.ts';
import { eventsWith, type Json, startEngine, verified } from './engine.ts';

const run = await startEngine();

test('after a release the rest of the pause is over; after a confirmation what arrives for it lapses at once', async () => {
  for (const [verdict, first, second] of [
    ['release', [1008, 0], [1019, 0]],
    ['confirm', [1001, 0], [1001, 0]],
  ] as const) {
    const api = await careful(run, `after-${verdict}`);
    await buy(api, 1001, 0);
    await buy(api, 7, 1, { external_id: 'held' });
    const [found] = await cases(api);
    const { status, body } = await decide(api, found.id, verdict);
    assert.equal(status, 201);
    assert.deepEqual(
      body.effects.map((effect: Json) => effect.type),
      [verdict === 'release' ? 'activate' : 'cancel'],
    );
    assert.deepEqual(await points(api), first);
    await buy(api, 11, 2);
    assert.deepEqual(await points(api), second);
    const back = { external_id: 'r', occurred_at: at(HOUR) };
    assert.equal((await api.post('/v1/orders/ext:held/returns', back)).status, 201);
    assert.deepEqual(await points(api), [verdict === 'release' ? 1012 : 1001, 0]);
  }
});

test('a case is decided once: a retry gets the first answer, anything else is refused and changes nothing', async () => {
  const [api, other] = [await careful(run, 'once'), await careful(run, 'another')];
  await buy(api, 1001, 0);
  await buy(api, 5, 1);
  const [{ id }] = await cases(api);
  const dry = await api.post(
    `/v1/cases/${id}/release?dry_run=true`,
    { note: 'a' },
    { 'idempotency-key': 'k' },
  );
  assert.equal(dry.status, 200, JSON.stringify(dry.body));
  assert.deepEqual([dry.body.effects[0].points, await points(api)], ['5', [1001, 5]]);
  const [first, again] = [await decide(api, id, 'release', 'k'), await decide(api, id, 'release', 'k')];
  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.deepEqual({ ...again.body, known: false }, first.body);
  const refused = [
    await decide(api, id, 'release', 'other'),
    await decide(api, id, 'confirm', 'another'),
    await decide(api, id, 'confirm', 'k'),
    await decide(api, id, 'release', 'k', 'another note'),
    await decide(api, 'cas_0000000000000', 'release'),
    await decide(other, id, 'release'),
    await other.get(`/v1/cases/${id}`),
  ];
  assert.deepEqual(
    refused.map(({ status, body }) => [status, body.code]),
    [
      [409, 'case_decided'],
      [409, 'case_decided'],
      [409, 'key_reused'],
      [409, 'key_reused'],
      [404, 'case_not_found'],
      [404, 'case_not_found'],
      [404, 'case_not_found'],
    ],
  );
  assert.deepEqual(
    refused[3]?.body.differences?.map(({ pointer }: Json) => pointer),
    ['/note'],
  );
  assert.deepEqual(await points(api), [1006, 0]);
  const [found] = await cases(api);
  assert.deepEqual(
    [found.state, found.decision.verdict, found.decision.note],
    ['released', 'release', 'looked into it'],
  );
});

test('the log tells what happened to a member, without saying who it is or what was noted', async () => {
  const api = await careful(run, 'told');
  await buy(api, 1001, 0, { member: 'ext:jane.doe@example.com' });
  await buy(api, 5, 1, { member: 'ext:jane.doe@example.com' });
  const [{ id, member }] = await cases(api);
  await decide(api, id, 'confirm', 'k', 'Jane said so');
  const { data } = await eventsWith(api, found => found.length >= 5);
  assert.deepEqual(
    data.map(({ type }) => type),
    ['order.accepted', 'member.flagged', 'case.opened', 'order.accepted', 'case.confirmed'],
  );
  const own = data.filter(({ type }) => /case|flagged/.test(type));
  for (const event of own) assert.deepEqual([event.member, event.data.case], [member, id]);
  assert.doesNotMatch(JSON.stringify(own), /jane/i);
});

test('cases are listed newest first, by state and by page', async () => {
  const api = await careful(run, 'listed');
  for (const member of ['a', 'b', 'c', 'd']) await buy(api, 1001, 0, { member: `ext:${member}` });
  const all = await cases(api);
  assert.equal(all.length, 4);
  await decide(api, all[1].id, 'release');
  await decide(api, all[2].id, 'confirm');
  const ids = (rows: Json[]) => rows.map(({ id }) => id);
  assert.deepEqual(ids(await cases(api, '?state=open')), ids([all[0], all[3]]));
  assert.deepEqual(ids(await cases(api, '?state=confirmed')), ids([all[2]]));
  assert.deepEqual(ids(await cases(api, '?member=ext:d')), ids([all[0]]));
  const { body: first } = await api.get('/v1/cases?limit=3');
  const { body: rest } = await api.get(`/v1/cases?limit=3&cursor=${first.next}`);
  assert.deepEqual(ids([...first.data, ...rest.data]), ids(all));
  assert.equal(rest.next, null);
});

test('what a re-rating gives for orders of a pause is held back, and counts in no window', async () => {
  const api = await careful(run, 'rerated');
  await buy(api, 1001, 0);
  await buy(api, 7, 1);
  await buy(api, 900, 2 * HOUR);
  const twice = [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '2' } }];
  await run.program('rerated', { velocity: [burst], earning: twice });
  const settled = async (id: string): Promise<string> => {
    for (;;) {
      const { body } = await api.get(`/v1/rerates/${id}`);
      if (!/ing$/.test(body.state)) return body.state;
      await sleep(20);
    }
  };
  const period = { from: at(-HOUR), to: at(3 * HOUR) };
  const { status, body } = await api.post('/v1/rerates', { note: 'it was twice', version: 2, ...period });
  assert.equal(status, 202, JSON.stringify(body));
  await settled(body.id);
  await api.post(`/v1/rerates/${body.id}/apply`);
  assert.equal(await settled(body.id), 'applied');
  const [found, ...others] = await cases(api);
  assert.equal(others.length, 0);
  // The order that crossed the line began the pause and keeps its points, all of them.
  assert.deepEqual(await points(api), [2 * (1001 + 900), 14]);
  await decide(api, found.id, 'release');
  assert.deepEqual(await points(api), [2 * (1001 + 7 + 900), 0]);
});

test('what the ledger says agrees along every path', () => verified(run));
