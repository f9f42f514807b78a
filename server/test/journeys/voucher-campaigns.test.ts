import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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
const NOW = '2026-06-01T00:00:00.000Z';
const AT = '2026-03-02T12:00:00.000Z';
const CINEMA = { id: 'treat', if: 'order.total >= 5000', effect: { voucher: 'cinema' } };

async function publish(name: string, campaigns: object[] = [CINEMA]) {
  const { status, body } = await run.put(`/v1/programs/${name}`, {
    ...POINTS_PER_DOLLAR,
    ...testClock(NOW),
    rewards: [{ id: 'cinema', cost: { unit: 'points', points: '900' }, gives: { voucher: 'films' } }],
    campaigns,
  });
  assert.ok(status < 300, JSON.stringify(body));
}
const stock = async (name: string, ...codes: string[]) => {
  const { status, body } = await run.on(name).post('/v1/voucher-pools/films/codes', { codes });
  assert.ok(status < 300, JSON.stringify(body));
};
async function buy(name: string, dollars: number, more: object = {}): Promise<Json> {
  const sent = order(dollars, { occurred_at: AT, ...more });
  const dry = await run.on(name).post('/v1/orders?dry_run=true', sent);
  const { status, body } = await run.on(name).post('/v1/orders', sent);
  assert.ok(status < 300, JSON.stringify(body));
  assert.deepEqual(dry.body.gifts, body.gifts);
  return body;
}
const giveBack = (name: string, external_id: string, more: object = {}) =>
  run.on(name).post(`/v1/orders/ext:${external_id}/returns`, {
    external_id: `r-${external_id}-${JSON.stringify(more)}`,
    occurred_at: NOW,
    ...more,
  });
/** The vouchers of a member, once what was noted is carried out. */
async function vouchers(name: string, member = 'ext:ann'): Promise<Json[]> {
  await run.engine.giveVouchers();
  return (await run.on(name).get(`/v1/members/${member}/vouchers`)).body.data;
}
const states = async (name: string, member?: string) =>
  (await vouchers(name, member)).map(({ state }: Json) => state);
const reveal = (name: string, id: string, query = '', member = 'ext:ann') =>
  run.on(name).post(`/v1/members/${member}/vouchers/${id}/reveal${query}`);
const pool = async (name: string) => {
  const { codes, handed_out, left } = (await run.on(name).get('/v1/voucher-pools/films')).body;
  return [codes, handed_out, left];
};

test('an order that matches gives one voucher, whatever it is sent again and however often it is handed out', async () => {
  await publish('once');
  await stock('once', 'A', 'B', 'C');
  const body = await buy('once', 50, { external_id: 'x' });
  assert.deepEqual(body.gifts, [{ rule: 'treat@1', voucher: 'cinema' }]);
  await run.on('once').post('/v1/orders', order(50, { external_id: 'x', occurred_at: AT }));
  assert.equal((await buy('once', 49)).gifts, undefined);
  await Promise.all(Array.from({ length: 4 }, () => run.engine.giveVouchers()));
  const [voucher, ...more] = await vouchers('once');
  assert.deepEqual(more, []);
  assert.deepEqual(
    [voucher.state, voucher.campaign, voucher.rule, voucher.reward, voucher.pool, voucher.code],
    ['issued', 'treat', 'treat@1', 'cinema', 'films', null],
  );
  assert.equal(voucher.order, body.order.id);
  assert.deepEqual(await pool('once'), [3, 0, 2]);
});

test('the code is shown by the first revealing and by every later one, and is the same', async () => {
  const [{ id }] = await vouchers('once');
  const dry = await reveal('once', id, '?dry_run=true');
  assert.deepEqual([dry.status, dry.body.voucher.state, dry.body.voucher.code], [200, 'revealed', null]);
  assert.deepEqual(await pool('once'), [3, 0, 2]);
  const answers = await Promise.all(Array.from({ length: 5 }, () => reveal('once', id)));
  const codes = answers.map(({ body }) => body.voucher.code);
  assert.deepEqual(new Set(codes).size, 1);
  assert.match(codes[0], /^[ABC]$/);
  assert.deepEqual(await pool('once'), [3, 1, 2]);
  const { body } = await run.on('once').get('/v1/members/ext:ann/vouchers');
  assert.deepEqual([body.data[0].state, body.data[0].code], ['revealed', null]);
  const { data } = await eventsWith(run.on('once'), found =>
    found.some(({ type }) => type === 'voucher.revealed'),
  );
  assert.deepEqual(
    data.map(({ type }) => type).filter(type => /^voucher/.test(type)),
    ['voucher.issued', 'voucher.revealed'],
  );
  assert.ok(!JSON.stringify(data).includes(`"${codes[0]}"`), 'the code is in no event');
});

test('a whole return withdraws what nobody has seen, a part does not; what was revealed stays', async () => {
  await publish('back');
  await stock('back', 'A', 'B');
  await buy('back', 60, { external_id: 'unseen' });
  await buy('back', 60, { external_id: 'seen' });
  const [seen, unseen] = await vouchers('back');
  await reveal('back', seen.id);
  await giveBack('back', 'unseen', { lines: [{ id: '1', amount: '1000' }] });
  assert.deepEqual(await states('back'), ['revealed', 'issued']);
  await giveBack('back', 'unseen');
  await giveBack('back', 'seen');
  assert.deepEqual(await states('back'), ['revealed', 'withdrawn']);
  assert.deepEqual(await pool('back'), [2, 1, 1], 'its code is free for somebody else');
  const refused = await reveal('back', unseen.id);
  assert.deepEqual([refused.status, refused.body.code], [409, 'voucher_withdrawn']);
});

test('an amendment takes it away and brings it back: one voucher of one order, seen or not', async () => {
  await publish('amended');
  await stock('amended', 'A', 'B', 'C');
  const change = async (dollars: number, revision: number) => {
    await buy('amended', dollars, { external_id: 'x', revision });
    return states('amended');
  };
  assert.deepEqual(await change(60, 1), ['issued']);
  assert.deepEqual(await change(40, 2), ['withdrawn']);
  assert.deepEqual(await change(70, 3), ['issued']);
  const [{ id }] = await vouchers('amended');
  await reveal('amended', id);
  assert.deepEqual(await change(40, 4), ['revealed']);
  assert.deepEqual(await change(80, 5), ['revealed']);
  assert.deepEqual(await pool('amended'), [3, 1, 2]);
  // Several revisions before anything is carried out: only the last one counts.
  await buy('amended', 60, { external_id: 'y' });
  await buy('amended', 40, { external_id: 'y', revision: 2 });
  await vouchers('amended');
  assert.deepEqual(await pool('amended'), [3, 1, 2]);
});

test('where the pool is empty it waits, is told once, and gets the next codes in the order of waiting', async () => {
  await publish('empty');
  for (const [index, name] of ['first', 'second', 'third'].entries()) {
    await buy('empty', 50, { external_id: `o${index}`, member: `ext:${name}` });
    assert.deepEqual(await states('empty', `ext:${name}`), ['waiting']);
  }
  const [first] = await vouchers('empty', 'ext:first');
  const refused = await reveal('empty', first.id, '', 'ext:first');
  assert.deepEqual([refused.status, refused.body.code], [409, 'voucher_waiting']);
  await giveBack('empty', 'o1');
  assert.deepEqual(await states('empty', 'ext:second'), ['withdrawn']);
  await stock('empty', 'A');
  assert.deepEqual(await states('empty', 'ext:first'), ['issued']);
  assert.deepEqual(await states('empty', 'ext:third'), ['waiting']);
  await stock('empty', 'B');
  assert.deepEqual(await states('empty', 'ext:third'), ['issued']);
  const { data } = await eventsWith(
    run.on('empty'),
    found => found.filter(({ type }) => type === 'voucher.issued').length === 2,
  );
  assert.equal(data.filter(({ type }) => type === 'voucher.waiting').length, 3);
});

test('vouchers of campaigns and redemptions of the same pool never hand a code out twice', async () => {
  await publish('shared', [{ id: 'all', effect: { voucher: 'cinema' } }]);
  const codes = Array.from({ length: 12 }, (_, index) => `S-${index}`);
  await stock('shared', ...codes);
  const members = Array.from({ length: 8 }, (_, index) => `ext:s${index}`);
  for (const member of members)
    await run.on('shared').post('/v1/orders', order(900, { member, occurred_at: AT, external_id: member }));
  const redeemed = members.map((member, index) =>
    run.on('shared').post('/v1/redemptions', {
      external_id: `x${index}`,
      member,
      reward: 'cinema',
      capture: true,
    }),
  );
  await Promise.all([...redeemed, run.engine.giveVouchers(), run.engine.giveVouchers()]);
  const taken = (await Promise.all(redeemed)).flatMap(({ body }) => body.redemption?.reward.code ?? []);
  const seen: string[] = [];
  let waiting = 0;
  for (const member of members) {
    const [voucher] = await vouchers('shared', member);
    if (voucher.state === 'waiting') waiting += 1;
    else seen.push((await reveal('shared', voucher.id, '', member)).body.voucher.code);
  }
  const out = [...taken, ...seen];
  assert.equal(new Set(out).size, out.length);
  assert.equal(out.length, 12);
  assert.equal(waiting + (8 - taken.length), 4);
  assert.deepEqual(await pool('shared'), [12, 12, 0]);
});

test('limits count vouchers; a backtest counts them; another member or program has none of them', async () => {
  await publish('few', [{ ...CINEMA, limit: { per_member: 1 } }]);
  await stock('few', 'A', 'B');
  await buy('few', 50, { external_id: 'x' });
  assert.equal((await buy('few', 50)).gifts, undefined);
  const started = await run.on('few').post('/v1/backtests', {
    document: {
      ...POINTS_PER_DOLLAR,
      rewards: [{ id: 'cinema', cost: { unit: 'points', points: '9' }, gives: { voucher: 'films' } }],
      campaigns: [CINEMA],
    },
  });
  assert.equal(started.status, 202, JSON.stringify(started.body));
  for (;;) {
    const { body } = await run.on('few').get(`/v1/backtests/${started.body.id}`);
    if (body.state === 'running') {
      await sleep(20);
      continue;
    }
    assert.deepEqual(body.report.gifts, [
      { campaign: 'treat', gives: 'voucher cinema', actual: 1, draft: 2 },
    ]);
    break;
  }
  const [{ id }] = await vouchers('few');
  await buy('few', 1, { member: 'ext:eve' });
  const found = [await reveal('few', id, '', 'ext:eve'), await reveal('once', id)];
  for (const { status, body } of found) assert.deepEqual([status, body.code], [404, 'voucher_not_found']);
});

test('a re-rating without the campaign withdraws the voucher, its reversal gives it again', async () => {
  await publish('wrong');
  await stock('wrong', 'A');
  await buy('wrong', 50);
  assert.deepEqual(await states('wrong'), ['issued']);
  await publish('wrong', []);
  const span = { from: '2026-01-01T00:00:00Z', to: '2026-05-01T00:00:00Z', version: 2, note: 'a test' };
  const { id } = (await run.on('wrong').post('/v1/rerates', span)).body;
  const settled = async () => {
    while (/ing$/.test((await run.on('wrong').get(`/v1/rerates/${id}`)).body.state)) await sleep(20);
  };
  await settled();
  for (const [step, state] of [
    ['apply', 'withdrawn'],
    ['reverse', 'issued'],
  ]) {
    await run.on('wrong').post(`/v1/rerates/${id}/${step}`);
    await settled();
    assert.deepEqual(await states('wrong'), [state], step);
  }
});

test('what the ledger says agrees along every path', () => verified(run));
