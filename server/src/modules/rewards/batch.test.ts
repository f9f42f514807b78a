import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Refusal } from '#platform/errors.ts';
import { parseWireId } from '#platform/ids.ts';
import { SHOP } from '../../../test/support/books.ts';
import { testEngine } from '../../../test/support/engine.ts';
import { invariants } from '../../../test/support/invariants.ts';
import { businessKey, type Command } from '../ledger/index.ts';
import { changePayload } from './changes.ts';
import { type ChangeBody, moneyOff, stateAt } from './model.ts';

/* Redemptions and their changes in one batch: commands of one call of `run` for one member, in their order. */
const engine = await testEngine();
await engine.publish('shop', SHOP);
after(() => engine.stop());

let members = 0;
async function memberWith(points: number): Promise<string> {
  members += 1;
  const external = `member ${members}`;
  await engine.post('/v1/members', 'shop', { external_id: external });
  const { status } = await engine.post(`/v1/members/ext:${external}/adjustments`, 'shop', {
    external_id: `start ${members}`,
    points: String(points),
    reason: 'a start',
  });
  assert.equal(status, 201);
  return `ext:${external}`;
}

const redemption = (member: string, externalId: string, points: bigint, capture = false): Command => {
  const body = {
    externalId: `${externalId} of ${member}`,
    source: 'api',
    by: null,
    unit: null,
    points,
    reward: null,
    orderTotal: null,
    capture,
    holdFor: 60_000,
  };
  const payload = businessKey(1, 'payload', `${points}`, `${capture}`);
  return {
    type: 'redemption',
    programId: 1,
    member,
    key: businessKey(1, 'api', 'redemption', body.externalId),
    payload,
    body,
  };
};

const change = (
  member: string,
  kind: ChangeBody['kind'],
  redemptionId: bigint,
  externalId: string,
  points: bigint | null = null,
): Command => {
  const body: ChangeBody = {
    redemptionId,
    kind,
    externalId: `${externalId} of ${member}`,
    source: 'api',
    points,
  };
  return {
    type: 'redemption_change',
    programId: 1,
    member,
    key: businessKey(1, 'api', 'redemption_change', body.externalId),
    payload: changePayload(body),
    body,
  };
};

interface Told {
  redemption: { id: string; state: string; refunded: string };
}

/** `new held`, `known captured 5` (refunded) or the code of the refusal. */
async function run(commands: readonly Command[], dryRun = false): Promise<string[]> {
  const outcomes = await engine.engine.ledger.run<Told>(commands, dryRun);
  return outcomes.map(outcome => {
    if (!outcome.ok) return (outcome.refusal as Refusal).code;
    const { state, refunded } = outcome.value.answer().redemption;
    return `${outcome.value.known ? 'known' : 'new'} ${state}${refunded === '0' ? '' : ` ${refunded}`}`;
  });
}

async function take(command: Command): Promise<bigint> {
  const [outcome] = await engine.engine.ledger.run<Told>([command]);
  assert.ok(outcome?.ok);
  return parseWireId('red', outcome.value.answer().redemption.id) as bigint;
}

const balance = async (member: string): Promise<string[]> => {
  const { body } = await engine.get<{ balances: { available: string; held: string }[] }>(
    `/v1/members/${member}/balances`,
    'shop',
  );
  return [body.balances[0]?.available as string, body.balances[0]?.held as string];
};

test('of more redemptions than the balance affords, those that come first in the batch succeed', async () => {
  const member = await memberWith(25);
  const batch = [1, 2, 3].map(nr => redemption(member, `r${nr}`, 10n, nr === 2));
  const told = ['new held', 'new captured', 'insufficient_balance'];
  assert.deepEqual(await run(batch, true), told);
  assert.deepEqual(await balance(member), ['25', '0'], 'a dry run takes nothing');
  assert.deepEqual(await run(batch), told);
  assert.deepEqual(await balance(member), ['5', '10']);
  assert.deepEqual(await run(batch), ['known held', 'known captured', 'insufficient_balance']);
});

test('a refusal does not burn the key', async () => {
  const member = await memberWith(5);
  assert.deepEqual(await run([redemption(member, 'r', 10n)]), ['insufficient_balance']);
  await engine.post(`/v1/members/${member}/adjustments`, 'shop', {
    external_id: `more ${members}`,
    points: '5',
    reason: 'more',
  });
  assert.deepEqual(await run([redemption(member, 'r', 10n), redemption(member, 'r', 10n)]), [
    'new held',
    'known held',
  ]);
});

test('the same key with other points is a conflict, in one batch and later', async () => {
  const member = await memberWith(30);
  assert.deepEqual(await run([redemption(member, 'r', 10n), redemption(member, 'r', 11n)]), [
    'new held',
    'key_reused',
  ]);
  assert.deepEqual(await run([redemption(member, 'r', 11n), redemption(member, 'r', 10n)]), [
    'key_reused',
    'known held',
  ]);
  assert.deepEqual(await balance(member), ['20', '10']);
});

test('a hold is captured or voided once, whatever else is in the batch', async () => {
  const member = await memberWith(30);
  const id = await take(redemption(member, 'r', 10n));
  const batch = [
    change(member, 'capture', id, 'c'),
    change(member, 'void', id, 'v'),
    change(member, 'capture', id, 'c'),
    change(member, 'capture', id, 'd'),
  ];
  const told = ['new captured', 'redemption_captured', 'known captured', 'redemption_captured'];
  assert.deepEqual(await run(batch, true), told);
  assert.deepEqual(await run(batch), told);
  const other = await take(redemption(member, 's', 10n));
  assert.deepEqual(
    await run([
      change(member, 'void', other, 'v'),
      change(member, 'capture', other, 'e'),
      change(member, 'refund', other, 'f'),
    ]),
    ['new voided', 'redemption_voided', 'redemption_not_captured'],
  );
  assert.deepEqual(await balance(member), ['20', '0']);
});

test('a capture and refunds of it in one batch give back what was taken and no more', async () => {
  const member = await memberWith(20);
  const id = await take(redemption(member, 'r', 20n));
  assert.deepEqual(
    await run([
      change(member, 'capture', id, 'c'),
      change(member, 'refund', id, 'f1', 5n),
      change(member, 'refund', id, 'f1', 5n),
      change(member, 'refund', id, 'f2', 16n),
      change(member, 'refund', id, 'f3'),
      change(member, 'refund', id, 'f4'),
    ]),
    [
      'new captured',
      'new captured 5',
      'known captured 5',
      'refund_exceeds_redemption',
      'new captured 20',
      'refund_exceeds_redemption',
    ],
  );
  assert.deepEqual(await balance(member), ['20', '0']);
});

test('points that one redemption gives back are there for the next of the batch', async () => {
  const member = await memberWith(10);
  const id = await take(redemption(member, 'r', 10n));
  assert.deepEqual(
    await run([
      redemption(member, 's', 10n),
      change(member, 'void', id, 'v'),
      redemption(member, 't', 10n, true),
    ]),
    ['insufficient_balance', 'new voided', 'new captured'],
  );
  assert.deepEqual(await balance(member), ['0', '0']);
});

test('a hold is open until the instant of its end and not at it', () => {
  const held = { state: 'held' as const, holdExpiresAt: 1_000 };
  assert.equal(stateAt(held, 999), 'held');
  assert.equal(stateAt(held, 1_000), 'expired');
  assert.equal(stateAt({ ...held, state: 'captured' }, 1_000), 'captured');
});

test('money off is rounded down to the minor unit', () => {
  type Arguments = Parameters<typeof moneyOff>;
  const unit = { worth: { num: 1n, den: 300n } } as Arguments[1];
  const version = { currency: 'USD', exponent: () => 2 } as unknown as Arguments[2];
  assert.deepEqual(moneyOff(5n, unit, version), { amount: 1n, currency: 'USD' });
  assert.deepEqual(moneyOff(6n, unit, version), { amount: 2n, currency: 'USD' });
  assert.equal(moneyOff(6n, { ...unit, worth: null }, version), null);
});

test('the books agree after all of this', async () => {
  await invariants(engine);
});
