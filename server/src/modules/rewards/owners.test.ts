import assert from 'node:assert/strict';
import test from 'node:test';
import type { Pool } from '#platform/db/client.ts';
import { Owners } from './owners.ts';

test('whose redemptions are is asked for together, each is told its own, and it is asked for once', async () => {
  let reads = 0;
  const pool = {
    run: async () => {
      reads += 1;
      return [
        [2n, 1, 20n],
        [1n, 1, 10n],
      ];
    },
  } as unknown as Pool;
  const owners = new Owners(pool);
  assert.deepEqual(await Promise.all([1n, 2n, 3n].map(id => owners.of(id))), [
    { programId: 1, memberId: 10 },
    { programId: 1, memberId: 20 },
    undefined,
  ]);
  assert.equal((await owners.of(2n))?.memberId, 20);
  owners.remember(4n, { programId: 2, memberId: 40 });
  assert.equal((await owners.of(4n))?.memberId, 40);
  assert.equal(reads, 1);
});
