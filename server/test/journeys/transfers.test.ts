import assert from 'node:assert/strict';
import test from 'node:test';
import { balance, eventsWith, type Json, order, startEngine, testClock, verified } from './engine.ts';
import { type Refused, testRefusals } from './refusals.ts';

/*
 * Points from member to member: the dates go with them, limits hold, a retry gets the first answer, and what is refused
 * leaves nothing behind.
 */

const run = await startEngine();
const api = run.on('gifts');
const START = '2026-03-01T12:00:00.000Z';
const YEAR_LATER = '2027-03-01T12:00:00.000Z';

const DOCUMENT = {
  ...testClock(START),
  units: { points: { worth: '0.01' }, nights: { redeemable: false, qualifying: true } },
  earning: [
    {
      id: 'base',
      on: 'order',
      earn: { unit: 'points', per_currency_unit: '1' },
      expires: { after: 'P12M' },
    },
  ],
  transfers: { allowed: true },
};

await run.program('gifts', DOCUMENT);
await run.program('closed', { ...DOCUMENT, transfers: { allowed: false } });

let members = 0;
/** A member who earned so much, one order after the other, a day apart. */
async function member(...dollars: number[]): Promise<string> {
  const name = `ext:m${++members}`;
  await api.post('/v1/members', { external_id: name.slice(4) });
  for (const [day, amount] of dollars.entries()) {
    const at = new Date(Date.parse(START) - (dollars.length - 1 - day) * 86_400_000).toISOString();
    const { status, body } = await api.post('/v1/orders', order(amount, { member: name, occurred_at: at }));
    assert.equal(status, 201, JSON.stringify(body));
  }
  return name;
}

let transfers = 0;
const transfer = (from: string, to: string, points: number, more: Json = {}) => ({
  external_id: `t-${++transfers}`,
  from,
  to,
  points: String(points),
  ...more,
});
const give = (from: string, to: string, points: number, more: Json = {}, on = api) =>
  on.post('/v1/transfers', transfer(from, to, points, more));

const points = async (name: string, on = api): Promise<string> => (await balance(on, name)).available;

test('a transfer takes the lots that expire first, and each of them arrives with its date', async () => {
  const [ann, ben] = [await member(100, 50, 25), await member(7)];
  const { status, body } = await give(ann, ben, 120, { reason: 'a birthday' });
  assert.equal(status, 201, JSON.stringify(body));
  assert.deepEqual(
    body.from.effects.map(({ type, points, lots }: Json) => [
      type,
      points,
      lots.map((lot: Json) => lot.points),
    ]),
    [['transfer', '-120', ['-100', '-20']]],
  );
  assert.deepEqual(
    body.to.effects.map(({ type, points, expires_at }: Json) => [type, points, expires_at]),
    [
      ['transfer', '100', '2027-02-27T12:00:00.000Z'],
      ['transfer', '20', '2027-02-28T12:00:00.000Z'],
    ],
  );
  assert.deepEqual([body.from.balances[0].available, body.to.balances[0].available], ['55', '127']);
  assert.deepEqual([await points(ann), await points(ben)], ['55', '127']);
  const { transfer: shown } = body;
  assert.deepEqual(
    [shown.points, shown.fee, shown.reason, shown.rule],
    ['120', '0', 'a birthday', 'transfers@1'],
  );
  assert.deepEqual((await api.get(`/v1/transfers/${shown.id}`)).body, shown);
  const expiring = await api.get(`/v1/members/${ben}/balances?expiring=true`);
  assert.deepEqual(expiring.body.balances[0].expiring, [
    { expires_at: '2027-02-27T12:00:00.000Z', points: '100' },
    { expires_at: '2027-02-28T12:00:00.000Z', points: '20' },
    { expires_at: YEAR_LATER, points: '7' },
  ]);
});

test('an entry of the receiver tells the transfer and the very lot that it came from', async () => {
  const [ann, ben] = [await member(10, 20), await member()];
  const { body } = await give(ann, ben, 25);
  const [sent] = body.from.effects;
  for (const [index, effect] of body.to.effects.entries()) {
    const { why, command, reason } = (await api.get(`/v1/entries/${effect.entry}`)).body;
    assert.deepEqual(why, { transfer: body.transfer, from_lot: sent.lots[index].lot });
    assert.deepEqual([command, reason], [{ type: 'transfer', id: body.transfer.id }, null]);
  }
  assert.deepEqual((await api.get(`/v1/entries/${sent.entry}`)).body.why, { transfer: body.transfer });
});

test('each member has one event, which speaks of their own entries alone', async () => {
  const [ann, ben] = [await member(10), await member()];
  const { body } = await give(ann, ben, 4);
  const own = ({ data }: Json) => data.transfer === body.transfer.id;
  const { data } = await eventsWith(api, all => all.filter(own).length === 2);
  const { id: _, ...told } = body.transfer;
  assert.deepEqual(
    data.filter(own).map(({ type, member, data: { entries, transfer: __, ...rest } }: Json) => {
      assert.deepEqual(rest, told);
      return [type, member, entries.map((entry: Json) => [entry.kind, entry.available])];
    }),
    [
      ['points.sent', body.transfer.from, [['transfer', '-4']]],
      ['points.received', body.transfer.to, [['transfer', '4']]],
    ],
  );
});

test('sent again it gets the first answer, however the members are named; other content is a conflict that names it', async () => {
  const [ann, ben, eve] = [await member(100), await member(), await member()];
  const sent = transfer(ann, ben, 30);
  const first = await api.post('/v1/transfers', sent);
  const { from, to } = first.body.transfer;
  for (const again of [sent, { ...sent, from, to }]) {
    const { status, body } = await api.post('/v1/transfers', again);
    assert.deepEqual([status, body], [200, { ...first.body, known: true }]);
  }
  const other = { ...sent, from: eve, to: ann, points: '31', reason: 'why', unit: 'points' };
  const { status, body } = await api.post('/v1/transfers', other);
  assert.deepEqual([status, body.code], [409, 'key_reused']);
  assert.deepEqual(body.differences, [
    { pointer: '/from', stored: from, sent: eve },
    { pointer: '/to', stored: to, sent: ann },
    { pointer: '/points', stored: '30', sent: '31' },
    { pointer: '/reason', stored: null, sent: 'why' },
  ]);
  const named = await api.post('/v1/transfers', { ...sent, unit: 'points' });
  assert.deepEqual(named.body.differences, [{ pointer: '/unit', stored: null, sent: 'points' }]);
  assert.deepEqual([await points(ann), await points(ben)], ['70', '30']);
});

test('a dry run answers what the transfer then does, and does nothing', async () => {
  const [ann, ben] = [await member(100), await member(3)];
  const sent = transfer(ann, ben, 40);
  const dry = await api.post('/v1/transfers?dry_run=true', sent);
  assert.deepEqual([await points(ann), await points(ben)], ['100', '3']);
  const real = await api.post('/v1/transfers', sent);
  const plain = ({ body }: Json) => ({ ...body, transfer: { ...body.transfer, id: '' } });
  assert.deepEqual([dry.status, real.status, plain(dry)], [200, 201, plain(real)]);
});

test('a refused transfer takes nothing, and its key is free', async () => {
  const [ann, ben] = [await member(100), await member()];
  const sent = transfer(ann, ben, 150);
  const { status, body } = await api.post('/v1/transfers', sent);
  assert.deepEqual([status, body.code], [422, 'insufficient_balance']);
  assert.deepEqual(body.reasons, [
    { code: 'insufficient_balance', required: '150', available: '100', missing: '50' },
  ]);
  await api.post('/v1/orders', order(50, { member: ann }));
  assert.equal((await api.post('/v1/transfers', sent)).status, 201);
  assert.deepEqual([await points(ann), await points(ben)], ['0', '150']);
});

test('points on hold, pending or expired cannot be given', async () => {
  const [ann, ben] = [await member(100), await member()];
  await api.post('/v1/redemptions', { external_id: 'hold', member: ann, points: '30' });
  assert.equal((await give(ann, ben, 71)).body.reasons[0].missing, '1');
  assert.equal((await give(ann, ben, 70)).status, 201);
});

test('what is given away and taken back by a return is missing at the sender, not at the receiver', async () => {
  const [ann, ben] = [await member(), await member()];
  const bought = await api.post('/v1/orders', order(100, { member: ann }));
  await give(ann, ben, 100);
  const back = await api.post(`/v1/orders/${bought.body.order.id}/returns`, {
    external_id: 'back',
    occurred_at: START,
  });
  assert.equal(back.status, 201, JSON.stringify(back.body));
  const { body } = await api.get(`/v1/members/${ann}/balances`);
  assert.deepEqual([body.balances[0].available, body.balances[0].shortfall], ['0', '100']);
  assert.equal(await points(ben), '100');
});

const [ann, ben] = [await member(10), await member()];
const sent = (more: Json) => transfer(ann, ben, 1, more);
const refused: Refused[] = [
  { what: 'gives to its own sender', body: sent({ to: ann }), status: 422, code: 'transfer_to_self' },
  { what: 'names an unknown unit', body: sent({ unit: 'miles' }), status: 422, code: 'unit_unknown' },
  {
    what: 'gives what only counts',
    body: sent({ unit: 'nights' }),
    status: 422,
    code: 'unit_not_redeemable',
  },
  {
    what: 'names an unknown sender',
    body: sent({ from: 'ext:nobody' }),
    status: 404,
    code: 'member_not_found',
  },
  {
    what: 'names an unknown receiver',
    body: sent({ to: 'ext:nobody' }),
    status: 404,
    code: 'member_not_found',
  },
  {
    what: 'gives nothing',
    body: sent({ points: '0' }),
    status: 400,
    code: 'invalid_request',
    pointer: '/points',
  },
  {
    what: 'gives less than nothing',
    body: sent({ points: '-5' }),
    status: 400,
    code: 'invalid_request',
    pointer: '/points',
  },
  {
    what: 'names no receiver',
    body: sent({ to: undefined }),
    status: 400,
    code: 'invalid_request',
    pointer: '/to',
  },
  {
    what: 'has a setting of its own',
    body: sent({ fee: '1' }),
    status: 400,
    code: 'invalid_request',
    pointer: '/fee',
  },
].map(row => ({ url: '/v1/transfers', ...row }));
testRefusals(run, api, '/v1/transfers', refused);

test('a program that does not allow them, or says nothing, refuses them', async () => {
  await run.program('silent', testClock(START));
  for (const name of ['closed', 'silent']) {
    const own = run.on(name);
    for (const id of ['ann', 'ben']) await own.post('/v1/members', { external_id: id });
    const { status, body } = await give('ext:ann', 'ext:ben', 1, {}, own);
    assert.deepEqual([status, body.code], [422, 'transfers_not_allowed']);
  }
});

test('a transfer of another program does not exist in this one', async () => {
  const { body } = await give(ann, ben, 1);
  const answer = await run.on('closed').get(`/v1/transfers/${body.transfer.id}`);
  assert.deepEqual([answer.status, answer.body.code], [404, 'transfer_not_found']);
});

test('points that were given expire at the receiver on their own day, and as_of tells both before and after', async () => {
  await run.program('days', DOCUMENT);
  const own = run.on('days');
  await own.post('/v1/orders', order(100, { member: 'ext:ann' }));
  await run.clock('days', '2026-06-01T00:00:00.000Z');
  await own.post('/v1/orders', order(10, { member: 'ext:ben', occurred_at: '2026-06-01T00:00:00.000Z' }));
  await give('ext:ann', 'ext:ben', 80, {}, own);
  await run.clock('days', '2027-03-01T11:59:59.999Z');
  assert.equal(await points('ext:ben', own), '90');
  await run.clock('days', YEAR_LATER);
  assert.equal(await points('ext:ben', own), '10');
  const then = (name: string, at: string) => balance(own, name, `?as_of=${at}`);
  assert.equal((await then('ext:ben', '2026-06-01T00:00:00.000Z')).available, '90');
  assert.equal((await then('ext:ann', '2026-05-31T23:59:59.999Z')).available, '100');
});

test('points that lapse with inactivity keep the date of the transfer, so that two members cannot keep them alive', async () => {
  const earning = [{ ...DOCUMENT.earning[0], expires: { inactivity: 'P6M' } }];
  await run.program('idle', { ...DOCUMENT, earning });
  const own = run.on('idle');
  await own.post('/v1/orders', order(100, { member: 'ext:ann' }));
  await own.post('/v1/members', { external_id: 'ben' });
  const { body } = await give('ext:ann', 'ext:ben', 100, {}, own);
  assert.equal(body.to.effects[0].expires_at, '2026-09-01T12:00:00.000Z');
  await run.clock('idle', '2026-08-01T00:00:00.000Z');
  await own.post('/v1/orders', order(1, { member: 'ext:ben', occurred_at: '2026-08-01T00:00:00.000Z' }));
  await run.clock('idle', '2026-09-01T12:00:00.000Z');
  assert.equal(await points('ext:ben', own), '1');
});

test('the books agree after all of it', () => verified(run));

test('verify notices a transfer of which more arrived than was given', async () => {
  const arrived = `(select wallet_id, seq from ledger.entries where kind = 'transfer' and available > 0 order by wallet_id, seq limit 1)`;
  const change = (points: string) =>
    run.base.sql(
      `update ledger.entries set available = available ${points} where (wallet_id, seq) in ${arrived}`,
    );
  await change('+ 1');
  const { body } = await run.post('/v1/verify', {});
  await change('- 1');
  const found = body.checks.find(({ name }: Json) => name === 'transfers');
  assert.equal(found.ok, false);
  assert.match(found.differences.join(), /^the entries of transfer \d+ in unit 0 sum to 1$/);
  await verified(run);
});
