import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { parseWireId } from '#platform/ids.ts';
import { orderOf, SHOP } from '../../../../test/support/books.ts';
import { testEngine } from '../../../../test/support/engine.ts';
import { businessKey, type Command } from '../../ledger/index.ts';
import type { Order } from '../model.ts';
import { payloadOf } from '../orders/orders.ts';
import type { TierGrantBody, TierGrantEndBody } from './tier-grants.store.ts';
import { type TierGrantAnswer, tierGrantEndPayload, tierGrantPayload } from './tier-grants.ts';

/* Commands of one call of `run` for one member are one batch, in their order. */
const NOW = Date.parse(SHOP.clock.test);
const MEMBER = 'ext:ann';
const engine = await testEngine();
await engine.publish('shop', {
  ...SHOP,
  tiers: {
    qualify_by: 'orders',
    window: 'lifetime',
    levels: [
      { id: 'basic', from: '0' },
      { id: 'black', multiplier: '2' },
    ],
  },
});
after(() => engine.stop());
await engine.post('/v1/orders', 'shop', orderOf('first', 'ann', '100'));

const keyed = (type: string, externalId: string) => ({
  type,
  programId: 1,
  member: MEMBER,
  key: businessKey(1, 'api', type, externalId),
});

function order(externalId: string): Command {
  const order: Order = {
    externalId,
    source: 'api',
    revision: 1,
    occurredAt: NOW,
    currency: 'USD',
    kind: null,
    channel: null,
    partner: null,
    lines: [{ id: '1', sku: null, category: null, quantity: 1, amount: 1_000n }],
    attributes: null,
  };
  const payload = payloadOf(MEMBER, order);
  return { ...keyed('order', externalId), payload, body: { order, payload } };
}

function grant(externalId: string): Command {
  const reason = 'invited';
  const sent = { externalId, source: 'api', tier: 'black', from: null, until: null, reason };
  const tierGrant: TierGrantBody = { ...sent, grantedBy: 'key_0000000000001' };
  return {
    ...keyed('tier_grant', externalId),
    payload: tierGrantPayload(1, tierGrant),
    body: { tierGrant },
  };
}

function end(externalId: string, grantId: bigint): Command {
  const sent = { grantId, externalId, source: 'api', reason: 'over' };
  const tierGrantEnd: TierGrantEndBody = { ...sent, endedBy: 'key_0000000000001' };
  return {
    ...keyed('tier_grant_end', externalId),
    payload: tierGrantEndPayload(tierGrantEnd),
    body: { tierGrantEnd },
  };
}

type Told = Partial<TierGrantAnswer> & { effects?: { points: string }[] };

/** What each command of one batch was answered: the points of an order, whether a grant is over, or a refusal. */
async function run(
  commands: readonly Command[],
  dryRun = false,
): Promise<{ told: string[]; grant?: bigint }> {
  const outcomes = await engine.engine.ledger.run<Told>(commands, dryRun);
  let made: bigint | undefined;
  const told = outcomes.map(outcome => {
    if (!outcome.ok) return outcome.refusal.code;
    const { known } = outcome.value;
    const { effects, grant } = outcome.value.answer();
    if (effects !== undefined) return String(effects.reduce((sum, { points }) => sum + Number(points), 0));
    made = parseWireId('tgr', grant?.id as string);
    return `${known ? 'known' : 'new'} ${grant?.end === null ? 'open' : 'ended'}`;
  });
  return made === undefined ? { told } : { told, grant: made };
}

test('within a batch an order has the tier of the grants and ends before it, and no other', async () => {
  const granting = [order('a1'), grant('g'), order('a2'), grant('g')];
  const told = ['10', 'new open', '20', 'known open'];
  assert.deepEqual((await run(granting, true)).told, told, 'as a dry run');
  const first = await run(granting);
  assert.deepEqual(first.told, told);
  const id = first.grant as bigint;
  const ending = [order('b1'), end('e', id), order('b2'), end('e', id), end('e2', id), grant('g')];
  const ended = ['20', 'new ended', '10', 'known ended', 'tier_grant_ended', 'known open'];
  assert.deepEqual((await run(ending, true)).told, ended, 'as a dry run');
  assert.deepEqual((await run(ending)).told, ended);
});
