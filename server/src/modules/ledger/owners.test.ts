import assert from 'node:assert/strict';
import test from 'node:test';
import { Owners } from './owners.ts';

test('whose things are is asked for together, each is told its own, and it is asked for once', async () => {
  let reads = 0;
  const owners = new Owners(async ids => {
    reads += 1;
    assert.deepEqual(ids, [1n, 2n, 3n]);
    return new Map([
      [2n, { programId: 1, memberId: 20 }],
      [1n, { programId: 1, memberId: 10 }],
    ]);
  });
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
