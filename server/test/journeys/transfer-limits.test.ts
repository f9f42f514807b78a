import assert from 'node:assert/strict';
import test from 'node:test';
import { type Json, order, available as points, startEngine, testClock, verified } from './engine.ts';

/*
 * How many points may go from member to member: in one transfer, in a calendar month, to one member, and at what fee.
 */

const run = await startEngine();
const START = '2026-03-01T12:00:00.000Z';

let transfers = 0;
const give = (from: string, to: string, amount: number, own: Json) =>
  own.post('/v1/transfers', { external_id: `t-${++transfers}`, from, to, points: String(amount) });

/** A program of its own, with what it says about transfers, and two members. */
async function limited(name: string, said: Json): Promise<Json> {
  await run.program(name, { ...testClock(START), transfers: { allowed: true, ...said } });
  const own = run.on(name);
  for (const id of ['ann', 'ben', 'eve'])
    await own.post('/v1/orders', order(1_000, { member: `ext:${id}`, occurred_at: START }));
  const send = async (from: string, to: string, amount: number) => {
    const { status, body } = await give(`ext:${from}`, `ext:${to}`, amount, own);
    return status === 201 ? [status] : [status, body.code, ...body.reasons];
  };
  return { own, send };
}

test('less than the minimum and more than the maximum are refused, all reasons at once', async () => {
  const { send } = await limited('sizes', { minimum: '10', maximum: '2000' });
  assert.deepEqual(await send('ann', 'ben', 9), [
    422,
    'transfer_limited',
    { code: 'below_minimum', minimum: '10', points: '9' },
  ]);
  assert.deepEqual(await send('ann', 'ben', 2_001), [
    422,
    'transfer_limited',
    { code: 'above_maximum', maximum: '2000', points: '2001' },
    { code: 'insufficient_balance', required: '2001', available: '1000', missing: '1001' },
  ]);
  assert.deepEqual([await send('ann', 'ben', 10), await send('ben', 'ann', 990)], [[201], [201]]);
});

test('what a member gives in a calendar month is limited, and begins anew with the next', async () => {
  const { send } = await limited('monthly', { send: { points: '100', times: 3 } });
  const reached = {
    code: 'limit_reached',
    side: 'send',
    every: 'month',
    resets_at: '2026-04-01T00:00:00.000Z',
  };
  assert.deepEqual(await send('ann', 'ben', 60), [201]);
  assert.deepEqual(await send('ann', 'ben', 41), [
    422,
    'transfer_limited',
    { ...reached, of: 'points', limit: '100', used: '60', left: '40' },
  ]);
  assert.deepEqual([await send('ann', 'ben', 20), await send('ann', 'eve', 20)], [[201], [201]]);
  assert.deepEqual(await send('ann', 'eve', 1), [
    422,
    'transfer_limited',
    { ...reached, of: 'points', limit: '100', used: '100', left: '0' },
    { ...reached, of: 'times', limit: '3', used: '3', left: '0' },
  ]);
  assert.deepEqual(await send('ben', 'ann', 100), [201], 'what others give is not counted');
  await run.clock('monthly', '2026-03-31T23:59:59.999Z');
  assert.equal((await send('ann', 'ben', 1))[0], 422);
  await run.clock('monthly', '2026-04-01T00:00:00.000Z');
  assert.deepEqual(await send('ann', 'ben', 100), [201]);
});

test('what a member is given is limited, whoever gives it', async () => {
  const { send } = await limited('given', { receive: { points: '100', every: 'ever' } });
  assert.deepEqual([await send('ann', 'eve', 60), await send('ben', 'eve', 40)], [[201], [201]]);
  assert.deepEqual(await send('ann', 'eve', 1), [
    422,
    'transfer_limited',
    {
      code: 'limit_reached',
      side: 'receive',
      of: 'points',
      limit: '100',
      used: '100',
      left: '0',
      every: 'ever',
      resets_at: null,
    },
  ]);
  assert.deepEqual(await send('eve', 'ann', 100), [201]);
});

test('limits hold for transfers that one batch decides', async () => {
  const { own } = await limited('together', { send: { times: 5 } });
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, nr) => give('ext:ann', nr % 2 === 0 ? 'ext:ben' : 'ext:eve', 1, own)),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 5);
  assert.ok(answers.every(({ status, body }) => status === 201 || body.code === 'transfer_limited'));
  assert.equal(await points(own, 'ext:ann'), '995');
});

test('a fee is paid by the sender, beside what arrives', async () => {
  for (const [name, fee, paid] of [
    ['fixed', { points: '7' }, '7'],
    ['share', { percent: '2.5' }, '2'],
  ] as const) {
    const { own, send } = await limited(name, { fee });
    const { body } = await give('ext:ann', 'ext:ben', 110, own);
    assert.deepEqual([body.transfer.fee, body.transfer.points], [paid, '110']);
    assert.deepEqual(
      body.from.effects.map(({ type, points, rule }: Json) => [type, points, rule]),
      [
        ['transfer', '-110', 'transfers@1'],
        ['adjust', `-${paid}`, 'transfers@1'],
      ],
    );
    assert.equal(await points(own, 'ext:ben'), '1110');
    const left = 1_000 - 110 - Number(paid);
    assert.equal(await points(own, 'ext:ann'), String(left));
    const [status, code, reason] = await send('ann', 'ben', left);
    assert.deepEqual([status, code, reason.available], [422, 'insufficient_balance', String(left)]);
  }
});

test('the books agree after all of it', () => verified(run));
