import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { parseWireId } from '#platform/ids.ts';
import { orderOf, SHOP } from '../../../../test/support/books.ts';
import { testEngine } from '../../../../test/support/engine.ts';
import { businessKey, type Command } from '../../ledger/index.ts';
import type { BadgeAwardBody, BadgeWithdrawalBody } from './badge-awards.store.ts';
import { type BadgeAwardAnswer, badgeAwardPayload, badgeWithdrawalPayload } from './badge-awards.ts';

/* Commands of one call of `run` for one member are one batch, in their order. */
const engine = await testEngine();
await engine.publish('shop', { ...SHOP, badges: { helper: { name: 'Helper' }, critic: { name: 'Critic' } } });
after(() => engine.stop());
await engine.post('/v1/orders', 'shop', orderOf('first', 'ann', '100'));

const keyed = (type: string, externalId: string) => ({
  type,
  programId: 1,
  member: 'ext:ann',
  key: businessKey(1, 'api', type, externalId),
});

function award(externalId: string, badge: string): Command {
  const sent = { externalId, source: 'api', badge, reason: 'it helped' };
  const badgeAward: BadgeAwardBody = { ...sent, awardedBy: 'key_0000000000001' };
  return {
    ...keyed('badge_award', externalId),
    payload: badgeAwardPayload(1, badgeAward),
    body: { badgeAward },
  };
}

function withdraw(externalId: string, awardId: bigint): Command {
  const sent = { awardId, externalId, source: 'api', reason: 'a mistake' };
  const badgeWithdrawal: BadgeWithdrawalBody = { ...sent, withdrawnBy: 'key_0000000000001' };
  return {
    ...keyed('badge_withdrawal', externalId),
    payload: badgeWithdrawalPayload(badgeWithdrawal),
    body: { badgeWithdrawal },
  };
}

/** What each command of one batch was answered, and the award that it was about at last. */
async function run(
  commands: readonly Command[],
  dryRun = false,
): Promise<{ told: string[]; award?: bigint }> {
  const outcomes = await engine.engine.ledger.run<BadgeAwardAnswer>(commands, dryRun);
  let made: bigint | undefined;
  const told = outcomes.map(outcome => {
    if (!outcome.ok) return outcome.refusal.code;
    const { award } = outcome.value.answer();
    made = parseWireId('bdg', award.id);
    return `${outcome.value.known ? 'known' : 'new'} ${award.badge} ${award.withdrawal === null ? 'had' : 'withdrawn'}`;
  });
  return made === undefined ? { told } : { told, award: made };
}

test('within a batch an award sees the awards and withdrawals before it', async () => {
  const awarding = [
    award('c', 'critic'),
    award('h', 'helper'),
    award('h', 'helper'),
    award('h2', 'helper'),
    award('u', 'toString'),
  ];
  const told = ['new critic had', 'new helper had', 'known helper had', 'badge_awarded', 'badge_unknown'];
  assert.deepEqual((await run(awarding, true)).told, told, 'as a dry run');
  const first = await run(awarding);
  assert.deepEqual(first.told, told);
  const id = first.award as bigint;
  const again = [
    withdraw('w', id),
    withdraw('w', id),
    withdraw('w2', id),
    award('h3', 'helper'),
    award('h', 'helper'),
    withdraw('w3', 1n),
  ];
  const then = [
    'new helper withdrawn',
    'known helper withdrawn',
    'badge_award_withdrawn',
    'new helper had',
    'known helper had',
    'badge_award_not_found',
  ];
  assert.deepEqual((await run(again, true)).told, then, 'as a dry run');
  assert.deepEqual((await run(again)).told, then);
});
