import assert from 'node:assert/strict';
import test from 'node:test';
import {
  eventsWith,
  type Json,
  order,
  POINTS_PER_DOLLAR,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const run = await startEngine();
const NOW = '2026-06-01T12:00:00.000Z';
const DOCUMENT = {
  ...POINTS_PER_DOLLAR,
  ...testClock(NOW),
  badges: {
    explorer: { name: 'Explorer', description: 'Two trips' },
    helper: { name: 'Helper' },
  },
  challenges: [{ id: 'two', on: 'order', goals: [{ target: '2', badge: 'explorer' }] }],
};
await run.program('shop', DOCUMENT);
const shop = run.on('shop');
let keys = 0;
const enrol = async (...names: string[]) => {
  for (const external_id of names)
    assert.equal((await shop.post('/v1/members', { external_id })).status, 201);
};
const award = (member: string, badge: string, more: object = {}, query = '') =>
  shop.post(`/v1/members/${member}/badge-awards${query}`, {
    external_id: `a${++keys}`,
    badge,
    reason: 'it helped',
    ...more,
  });
const withdraw = (member: string, id: string, key = `w${++keys}`, reason = 'a mistake') =>
  shop.post(`/v1/members/${member}/badge-awards/${id}/withdraw`, { reason }, { 'idempotency-key': key });
const buy = async (member: string, external_id: string) => {
  const sent = order(10, { member, external_id, occurred_at: '2026-06-01T10:00:00.000Z' });
  assert.equal((await shop.post('/v1/orders', sent)).status, 201);
};
const giveBack = async (id: string) =>
  assert.equal(
    (await shop.post(`/v1/orders/ext:${id}/returns`, { external_id: `r-${id}`, occurred_at: NOW })).status,
    201,
  );
/** The badges of a member, as `badge source state`. */
const badges = async (member: string): Promise<string[]> =>
  (await shop.get(`/v1/members/${member}/badges`)).body.data
    .map(
      ({ badge, challenge, withdrawn_at: at }: Json) =>
        `${badge} ${challenge ?? 'by hand'} ${at === null ? 'had' : 'withdrawn'}`,
    )
    .toSorted();
const awards = async (member: string): Promise<Json[]> =>
  (await shop.get(`/v1/members/${member}/badge-awards`)).body.data;

test('a badge by hand is shown with where it comes from, withdrawn once, and can be awarded again', async () => {
  await enrol('ann');
  const dry = await award('ext:ann', 'helper', {}, '?dry_run=true');
  assert.deepEqual([dry.status, await badges('ext:ann')], [200, []]);
  const sent = { external_id: 'first' };
  const made = await award('ext:ann', 'helper', sent);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { id, awarded_by } = made.body.award;
  const again = await award('ext:ann', 'helper', sent);
  assert.deepEqual([again.status, again.body], [200, { ...made.body, known: true }]);
  assert.deepEqual((await shop.get('/v1/members/ext:ann/badges')).body.data, [
    {
      badge: 'helper',
      name: 'Helper',
      description: null,
      challenge: null,
      program_version: 1,
      since: NOW,
      from: id,
      reason: 'it helped',
      withdrawn_at: null,
      withdrawn_by: null,
    },
  ]);
  const gone = await withdraw('ext:ann', id, 'w');
  assert.deepEqual([gone.status, gone.body.award.withdrawal.reason], [201, 'a mistake']);
  assert.deepEqual((await withdraw('ext:ann', id, 'w')).body, { ...gone.body, known: true });
  assert.deepEqual(
    (await award('ext:ann', 'helper', sent)).body,
    { ...made.body, known: true },
    'the first answer',
  );
  assert.deepEqual(await badges('ext:ann'), ['helper by hand withdrawn']);
  assert.equal((await award('ext:ann', 'helper')).status, 201);
  assert.deepEqual(await badges('ext:ann'), ['helper by hand had', 'helper by hand withdrawn']);
  const [newest, first] = await awards('ext:ann');
  assert.deepEqual(
    [newest?.withdrawal, first?.id, first?.withdrawal],
    [null, id, { at: NOW, reason: 'a mistake', withdrawn_by: awarded_by }],
  );
});

test('a badge of a challenge and the same by hand do not hide each other, whichever goes first', async () => {
  await enrol('ben', 'cem');
  for (const member of ['ben', 'cem']) for (const nr of [1, 2]) await buy(`ext:${member}`, `${member}-${nr}`);
  const both = ['explorer by hand had', 'explorer two had'];
  const ids: string[] = [];
  for (const member of ['ext:ben', 'ext:cem']) {
    const { status, body } = await award(member, 'explorer');
    assert.equal(status, 201, 'what a challenge gave does not stand in the way');
    ids.push(body.award.id);
    assert.deepEqual(await badges(member), both);
  }
  await withdraw('ext:ben', ids[0] as string);
  assert.deepEqual(await badges('ext:ben'), ['explorer by hand withdrawn', 'explorer two had']);
  await giveBack('cem-2');
  assert.deepEqual(await badges('ext:cem'), ['explorer by hand had', 'explorer two withdrawn']);
  await buy('ext:cem', 'cem-3');
  assert.deepEqual(await badges('ext:cem'), [...both, 'explorer two withdrawn']);
});

test('who asks for what cannot be is refused by name, and nothing is changed', async () => {
  await enrol('dan', 'eve');
  const made = await award('ext:dan', 'helper', { external_id: 'of-dan' });
  const { id } = made.body.award;
  const refusals: [ReturnType<typeof award>, number, string][] = [
    [award('ext:dan', 'helper'), 409, 'badge_awarded'],
    [award('ext:dan', 'hero'), 422, 'badge_unknown'],
    [award('ext:dan', 'constructor'), 422, 'badge_unknown'],
    [award('ext:nobody', 'helper'), 404, 'member_not_found'],
    [award('ext:dan', 'helper', { external_id: 'of-dan', reason: 'another' }), 409, 'key_reused'],
    [award('ext:eve', 'helper', { external_id: 'of-dan' }), 409, 'key_reused'],
    [withdraw('ext:eve', id), 404, 'badge_award_not_found'],
    [withdraw('ext:nobody', id), 404, 'member_not_found'],
    [withdraw('ext:dan', 'bdg_0000000000000'), 404, 'badge_award_not_found'],
  ];
  for (const [call, status, code] of refusals) {
    const { status: got, body } = await call;
    assert.deepEqual([got, body.code], [status, code]);
  }
  assert.deepEqual(await badges('ext:dan'), ['helper by hand had']);
  assert.deepEqual(await badges('ext:eve'), []);
  await withdraw('ext:dan', id, 'over');
  assert.equal((await withdraw('ext:dan', id)).body.code, 'badge_award_withdrawn');
  const other = await withdraw('ext:dan', id, 'over', 'something else');
  assert.deepEqual(
    [other.body.code, other.body.differences],
    ['key_reused', [{ pointer: '/reason', stored: 'a mistake', sent: 'something else' }]],
  );
});

test('of many awards and many withdrawals at once, under keys of their own, one is carried out', async () => {
  await enrol('fay');
  const { id: member } = (await shop.get('/v1/members/ext:fay')).body;
  for (let round = 0; round < 5; round += 1) {
    // Written differently, the same member can be in two batches at the same time.
    const who = (nr: number) => (nr % 2 === 0 ? 'ext:fay' : member);
    const many = await Promise.all(Array.from({ length: 8 }, (_, nr) => award(who(nr), 'helper')));
    assert.deepEqual(many.map(({ status }) => status).toSorted(), [201, ...Array(7).fill(409)]);
    const { id } = many.find(({ status }) => status === 201)?.body.award ?? {};
    const gone = await Promise.all(Array.from({ length: 8 }, (_, nr) => withdraw(who(nr), id)));
    assert.deepEqual(gone.map(({ status }) => status).toSorted(), [201, ...Array(7).fill(409)]);
  }
  assert.equal((await awards('ext:fay')).length, 5);
});

test('the list of awards has pages, and the event log has both steps with who did them and why', async () => {
  const [newest, oldest] = [(await awards('ext:ann'))[0], (await awards('ext:ann'))[1]];
  const page = await shop.get('/v1/members/ext:ann/badge-awards?limit=1');
  assert.deepEqual(page.body.data, [newest]);
  const next = await shop.get(`/v1/members/ext:ann/badge-awards?limit=1&cursor=${page.body.next}`);
  assert.deepEqual(next.body.data, [oldest]);
  const own = ({ type, member }: Json) => /^badge\./.test(type) && member === oldest?.['member'];
  const { data } = await eventsWith(shop, rows => rows.filter(own).length >= 3);
  const about = { award: oldest?.['id'], source: 'api', badge: 'helper', program_version: 1, entries: [] };
  const who = oldest?.['awarded_by'];
  assert.deepEqual(
    data
      .filter(own)
      .slice(0, 2)
      .map(({ type, data: told }: Json) => [type, told]),
    [
      ['badge.awarded', { ...about, external_id: 'first', reason: 'it helped', awarded_by: who }],
      ['badge.withdrawn', { ...about, external_id: 'w', reason: 'a mistake', withdrawn_by: who }],
    ],
  );
});

test('a badge keeps the name of the version in which it was awarded; a version that has it no more awards it no more', async () => {
  await enrol('gus');
  await award('ext:gus', 'helper');
  const { helper: _, ...others } = DOCUMENT.badges;
  await run.put('/v1/programs/shop', { ...DOCUMENT, badges: others });
  const [badge] = (await shop.get('/v1/members/ext:gus/badges')).body.data;
  assert.deepEqual([badge.name, badge.program_version], ['Helper', 1]);
  await enrol('hal');
  assert.equal((await award('ext:hal', 'helper')).body.code, 'badge_unknown');
  assert.equal((await award('ext:hal', 'explorer')).body.award.program_version, 2);
});

test('what the ledger says agrees along every path', () => verified(run));
