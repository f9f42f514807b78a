import assert from 'node:assert/strict';
import test from 'node:test';
import { fuzzOwnEngine, share } from './fuzz.ts';

// Larger runs: node tools/run.mjs server/test/fuzz/fuzz.ts --requests 10000 --seed N
const report = await fuzzOwnEngine(1_600, 1);

test('whatever is sent, every answer is one that the document declares', () => {
  assert.deepEqual(report.findings, []);
});

test('every operation of the document is called, and takes at least a tenth of what it is sent', () => {
  assert.ok(report.tallies.length > 0);
  for (const tally of report.tallies) {
    assert.ok(tally.sent >= 10, `${tally.operation} was sent ${tally.sent} requests`);
    assert.ok(share(tally) >= 0.1, `${tally.operation} took ${tally.accepted} of ${tally.sent}`);
  }
});

test('the ledger agrees with itself after it', () => assert.ok(report.verified));
