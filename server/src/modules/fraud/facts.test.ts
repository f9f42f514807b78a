import assert from 'node:assert/strict';
import test from 'node:test';
import type { Tx } from '#platform/db/client.ts';
import { loadFraud } from './facts.ts';
import { judge, noFraud } from './model.ts';
import { changePended, insertFraud } from './store.ts';

const silent = {
  run: () => assert.fail('a statement was sent'),
} as unknown as Tx;

test('a batch in which nothing is watched sends no statement', async () => {
  assert.deepEqual(
    await loadFraud(silent, { earning: [], waiting: [], corrected: [], cases: [] }),
    noFraud(),
  );
  await insertFraud(silent, [], noFraud());
  await changePended(silent, []);
});

test('a decision that earns nothing writes nothing', async () => {
  const facts = noFraud();
  const watched = { id: 1n, programId: 1, memberId: 1, cause: 'ord', at: 0, now: 0, checks: [] };
  await insertFraud(silent, [judge(facts, watched, [], [])], facts);
});
