import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Refusal } from '#platform/errors.ts';
import { parseWireId } from '#platform/ids.ts';
import { SHOP } from '../../../test/support/books.ts';
import { commandsOf } from '../../../test/support/commands.ts';
import { testEngine } from '../../../test/support/engine.ts';
import { invariants } from '../../../test/support/invariants.ts';
import type { Command, Done } from '../ledger/index.ts';

/*
 * What comes in one batch sees what came before it in the same batch. Commands of one call of `run` for one member are
 * one batch, in their order.
 */
const NOW = Date.parse(SHOP.clock.test);
const engine = await testEngine();
const made = await engine.publish('shop', SHOP);
assert.equal(made['version'], 1);
after(() => engine.stop());

/** A new member, and ways to name commands of it. */
const newcomer = commandsOf(NOW);

interface Told {
  known: boolean;
  order?: { id: string };
  effects: { type: string; points: string }[];
}

/** `new earn 10, clawback -4`, `known …` or the code of the refusal, for each command of a batch. */
async function run(commands: readonly Command[], dryRun = false): Promise<string[]> {
  const outcomes = await engine.engine.ledger.run<Told>(commands, dryRun);
  return outcomes.map(outcome => (outcome.ok ? describe(outcome.value) : (outcome.refusal as Refusal).code));
}

const describe = ({ known, answer }: Done<Told>): string =>
  `${known ? 'known' : 'new'} ${answer()
    .effects.map(({ type, points }) => `${type} ${points}`)
    .join(', ')}`.trim();

async function take(command: Command): Promise<bigint> {
  const [outcome] = await engine.engine.ledger.run<Told>([command]);
  assert.ok(outcome?.ok);
  return parseWireId('ord', outcome.value.answer().order?.id as string) as bigint;
}

const available = async (member: string): Promise<string> =>
  (await engine.get<{ balances: { available: string }[] }>(`/v1/members/${member}/balances`, 'shop')).body
    .balances[0]?.available as string;

test('an order, the same again, another content and a higher revision, all in one batch', async () => {
  const { order, member } = newcomer();
  const batch = [
    order('o', 1_000),
    order('o', 1_000),
    order('o', 2_000),
    order('o', 3_000, { revision: 2 }),
    order('o', 1_000),
    order('o', 100, { revision: 3 }),
    order('o', 3_000, { revision: 2 }),
  ];
  const told = [
    'new earn 10',
    'known earn 10',
    'key_reused',
    'new earn 20',
    'known earn 10',
    'new clawback -29',
    'known earn 20',
  ];
  assert.deepEqual(await run(batch, true), told, 'as a dry run');
  assert.deepEqual(await run(batch), told);
  assert.equal(await available(member), '1');
  assert.deepEqual(
    await run(batch),
    [
      'known earn 10',
      'known earn 10',
      'key_reused',
      'known earn 20',
      'known earn 10',
      'known clawback -29',
      'known earn 20',
    ],
    'again',
  );
});

test('a return sees the amendment before it', async () => {
  const { order, back, member } = newcomer();
  const id = await take(order('o', 1_000));
  assert.deepEqual(await run([order('o', 5_000, { revision: 2 }), back('t', id)]), [
    'new earn 40',
    'new clawback -50',
  ]);
  assert.equal(await available(member), '0');
});

test('an amendment sees the return before it', async () => {
  const { order, back, member } = newcomer();
  const id = await take(order('o', 1_000));
  assert.deepEqual(await run([back('t', id), order('o', 5_000, { revision: 2 })]), [
    'new clawback -10',
    'returned_line_changed',
  ]);
  assert.equal(await available(member), '0');
});

test('an amendment sees the cancellation before it, and a return too', async () => {
  const { order, back } = newcomer();
  const id = await take(order('o', 1_000));
  assert.deepEqual(
    await run([back('t', id, { cancels: true }), order('o', 5_000, { revision: 2 }), back('u', id)]),
    ['new clawback -10', 'order_cancelled', 'order_cancelled'],
  );
});

test('returns see each other: exactly what is left can come back', async () => {
  const { order, back, member } = newcomer();
  const id = await take(order('o', 1_001));
  const one = [{ id: '1', quantity: 1, amount: null }];
  assert.deepEqual(
    await run([
      back('a', id, { lines: one }),
      back('a', id, { lines: one }),
      back('b', id, { lines: one }),
      back('c', id, { lines: one }),
    ]),
    ['new clawback -5', 'known clawback -5', 'new clawback -5', 'return_exceeds_order'],
  );
  assert.equal(await available(member), '0');
});

test('points that expire in a batch are not taken twice by a return in it', async () => {
  const { order, back, member } = newcomer();
  const long = NOW - 400 * 86_400_000;
  const id = await take(order('o', 1_000, { occurredAt: long }));
  assert.equal(await available(member), '0', 'expired when it came');
  assert.deepEqual(await run([order('p', 700), back('t', id)]), ['new earn 7', 'new']);
  assert.equal(await available(member), '7');
  // Both in one batch: what the amendment adds expires at once, and the return finds it expired.
  const other = newcomer();
  const late = await take(other.order('o', 1_000, { occurredAt: long }));
  assert.deepEqual(
    await run([
      other.order('p', 700),
      other.order('o', 3_000, { occurredAt: long, revision: 2 }),
      other.back('t', late),
    ]),
    ['new earn 7', 'new earn 20, expire -20', 'new'],
  );
  assert.equal(await available(other.member), '7');
});

test('an amendment is held to the same conditions as an order, in a batch with it and later', async () => {
  const { order } = newcomer();
  const day = 86_400_000;
  const tries = [
    order('o', 900, { revision: 2, currency: 'CHF' }),
    order('o', 900, { revision: 2, occurredAt: NOW + day + 1 }),
    order('o', 900, { revision: 2, occurredAt: -1 }),
  ];
  const refused = ['currency_unknown', 'occurred_in_future', 'occurred_too_early'];
  assert.deepEqual(await run([order('o', 1_000), ...tries]), ['new earn 10', ...refused]);
  assert.deepEqual(await run(tries), refused);
  assert.deepEqual(await run([order('o', 900, { revision: 2, occurredAt: NOW + day })]), ['new clawback -1']);
});

test('a batch mixes members, and a refused row leaves nothing of itself, not even its member', async () => {
  const [one, two, three] = [newcomer(), newcomer(), newcomer()];
  assert.deepEqual(
    await run([
      one.order('o', 100),
      two.order('o', 200),
      three.order('o', 300, { currency: 'CHF' }),
      one.order('p', 300),
      two.order('o', 200),
    ]),
    ['new earn 1', 'new earn 2', 'currency_unknown', 'new earn 3', 'known earn 2'],
  );
  assert.equal(await available(one.member), '4');
  assert.equal((await engine.get(`/v1/members/${three.member}`, 'shop')).status, 404);
});

test('the books agree after all of this', async () => {
  await invariants(engine);
});
