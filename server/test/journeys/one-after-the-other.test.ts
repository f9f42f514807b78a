import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { hash128 } from '#platform/ids.ts';
import type { Order } from '../../src/modules/earning/model.ts';
import { payloadOf } from '../../src/modules/earning/orders/orders.ts';
import { businessKey, type Command } from '../../src/modules/ledger/index.ts';
import { type Json, testEngine } from '../support/engine.ts';
import { invariants } from '../support/invariants.ts';

/*
 * A batch is as its commands one after the other, whatever modules they are of: each list of commands is carried out in one
 * batch and, for another member, one by one; what is answered is the same.
 */
const NOW = Date.UTC(2026, 2, 1, 12);
const engine = await testEngine();
after(() => engine.stop());
await engine.publish('shop', {
  currency: 'USD',
  clock: { test: new Date(NOW).toISOString() },
  units: { points: { worth: '0.01' } },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P12M' },
    levels: [
      { id: 'basic', from: '0' },
      { id: 'gold', from: '500' },
    ],
  },
  segments: { dutch: { if: "member.country == 'NL'" } },
  households: { on_leave: 'give_back' },
  rewards: [
    {
      id: 'mug',
      cost: [
        { tiers: ['gold'], unit: 'points', points: '80' },
        { segments: ['dutch'], unit: 'points', points: '90' },
        { unit: 'points', points: '100' },
      ],
      gives: { product: 'MUG' },
    },
    {
      id: 'lounge',
      cost: { unit: 'points', points: '1' },
      gives: { product: 'L' },
      audience: { tiers: ['gold'] },
    },
  ],
  campaigns: [
    {
      id: 'dutch',
      from: '2020-01-01T00:00',
      audience: { countries: ['NL'] },
      effect: { multiply: '3' },
    },
  ],
});

let members = 0;
/** Commands of one new member, who has 1,000 points and is in a household of their own, or out of it. */
async function somebody(isIn: boolean) {
  members += 1;
  const [name, pool] = [`m${members}`, `h${members}`];
  const done = async (method: 'POST' | 'PUT', path: string, body?: Json) => {
    const { status, body: answer } = await engine.call(method, path, { program: 'shop', body });
    assert.equal(status, 201, JSON.stringify(answer));
  };
  await done('POST', '/v1/members', { external_id: name });
  await done('POST', '/v1/households', { external_id: pool });
  if (isIn) await done('PUT', `/v1/households/ext:${pool}/members/ext:${name}`);
  for (const each of [name, pool])
    await done('POST', `/v1/members/ext:${each}/adjustments`, {
      external_id: `start ${each}`,
      points: '1000',
      reason: 'a start',
    });
  const found = await engine.engine.ledger.directory.find(1, `ext:${name}`);
  assert.ok(found.ok);
  const person = found.value.id;
  let keys = 0;
  const command = (type: string, externalId: string | null, body: object, member = name): Command => ({
    type,
    programId: 1,
    member: `ext:${member}`,
    key: externalId === null ? null : businessKey(1, 'api', type, externalId),
    payload: externalId === null ? null : hash128(externalId),
    body,
  });
  const redemption = (member: string, more: object) => {
    const externalId = `${name} ${++keys}`;
    const nothing = { by: null, unit: null, points: null, reward: null, orderTotal: null };
    const body = { externalId, source: 'api', ...nothing, capture: true, holdFor: 60_000, ...more };
    return command('redemption', externalId, body, member);
  };
  return {
    grant() {
      const externalId = `${name} ${++keys}`;
      const period = { tier: 'gold', from: null, until: null };
      const tierGrant = { externalId, source: 'api', ...period, reason: 'a guest', grantedBy: 'key_1' };
      return command('tier_grant', externalId, { tierGrant });
    },
    buy(dollars: number) {
      const externalId = `${name} ${++keys}`;
      const order: Order = {
        externalId,
        source: 'api',
        revision: 1,
        occurredAt: NOW - 3_600_000,
        currency: 'USD',
        kind: null,
        channel: null,
        partner: null,
        lines: [{ id: '1', sku: null, category: null, quantity: 1, amount: BigInt(dollars) * 100n }],
        attributes: null,
      };
      const payload = payloadOf(`ext:${name}`, order);
      return { ...command('order', externalId, { order, payload }), payload };
    },
    redeem: (reward: string) => redemption(name, { reward }),
    redeemForAll: (): Command => ({
      ...redemption(pool, { by: person, points: 10n }),
      counterpart: `ext:${name}`,
    }),
    change: (change: 'join' | 'leave'): Command => ({
      ...command('household_change', null, { change }, pool),
      counterpart: `ext:${name}`,
    }),
    moveTo: (country: string) =>
      command('profile', null, { change: { replaces: false, country }, at: NOW - 7_200_000 }),
  };
}
type Somebody = Awaited<ReturnType<typeof somebody>>;

interface Told {
  redemption?: { points: string };
}

/** The points that a redemption took, what else is done, or the code of the refusal. */
async function run(commands: readonly Command[]): Promise<string[]> {
  const outcomes = await engine.engine.ledger.run<Told>(commands);
  return outcomes.map(outcome => {
    if (!outcome.ok) return outcome.refusal.code;
    const { redemption } = outcome.value.answer();
    return redemption === undefined ? 'done' : `takes ${redemption.points}`;
  });
}

const CASES: [string, boolean, (own: Somebody) => Command[], string[]][] = [
  [
    'a grant of a tier counts for the price of the next redemption',
    false,
    own => [own.redeem('mug'), own.grant(), own.redeem('mug'), own.redeem('lounge')],
    ['takes 100', 'done', 'takes 80', 'takes 1'],
  ],
  [
    'an order counts for the tier of the next redemption',
    false,
    own => [own.buy(400), own.redeem('lounge'), own.buy(100), own.redeem('lounge'), own.redeem('mug')],
    ['done', 'reward_unavailable', 'done', 'takes 1', 'takes 80'],
  ],
  [
    'a change of the profile counts for the price by segment of the next redemption',
    false,
    own => [own.redeem('mug'), own.moveTo('NL'), own.redeem('mug')],
    ['takes 100', 'done', 'takes 90'],
  ],
  [
    'who has left redeems no more, and who has joined does',
    true,
    own => [
      own.redeemForAll(),
      own.change('leave'),
      own.redeemForAll(),
      own.change('join'),
      own.redeemForAll(),
    ],
    ['takes 10', 'done', 'household_member_not_found', 'done', 'takes 10'],
  ],
];

for (const [name, isIn, commands, told] of CASES)
  test(name, async () => {
    const single: string[] = [];
    const alone = await somebody(isIn);
    for (const each of commands(alone)) single.push(...(await run([each])));
    assert.deepEqual(single, told, 'one by one');
    assert.deepEqual(await run(commands(await somebody(isIn))), told, 'in one batch');
  });

test('an order counts by the profile that a change before it has made', async () => {
  const points = async (each: Somebody, together: boolean) => {
    const commands = [each.buy(10), each.moveTo('NL'), each.buy(10)];
    if (together) await run(commands);
    else for (const command of commands) await run([command]);
    const { body } = await engine.get<{ balances: { available: string }[] }>(
      `/v1/members/${commands[0]?.member}/balances`,
      'shop',
    );
    return body.balances[0]?.available;
  };
  assert.equal(await points(await somebody(false), false), '1040');
  assert.equal(await points(await somebody(false), true), '1040');
});

test('the books agree after all of this', () => invariants(engine));
