import assert from 'node:assert/strict';
import test from 'node:test';
import { golden, inputWith, type Vector, witnessed } from '../../../../test/support/conditions.ts';
import { compileCondition } from './compile.ts';

const answer = ({ condition, input }: Vector): boolean | 'fault' => {
  const compiled = compileCondition(condition);
  assert.ok(compiled.ok, `${condition}: ${compiled.ok ? '' : compiled.message}`);
  const held = compiled.condition.holds(inputWith(input ?? {}));
  return typeof held === 'boolean' ? held : 'fault';
};

test('the golden vectors come to what they say', () => {
  assert.ok(golden.vectors.length >= 60);
  for (const vector of golden.vectors)
    assert.equal(answer(vector), vector.expect, `${vector.condition} ${JSON.stringify(vector.input ?? {})}`);
});

test('each golden vector is there once', () => {
  const seen = new Set(golden.vectors.map(({ condition, input }) => JSON.stringify([condition, input])));
  assert.equal(seen.size, golden.vectors.length);
});

test('what the golden file says is refused is refused, at that place', () => {
  assert.ok(golden.refused.length >= 20);
  for (const { condition, at } of golden.refused) {
    const compiled = compileCondition(condition);
    assert.deepEqual({ condition, at: compiled.ok ? 'accepted' : compiled.at }, { condition, at });
  }
});

/** Where the witness departs from the specification of CEL. */
const WITNESS_ERRS = new Set([
  "order.kind < '😀'", // Texts are ordered by code points, not by UTF-16.
  '-order.total > 0', // The least number of 64 bits has no opposite.
]);

test('another engine for CEL agrees with the golden vectors', () => {
  for (const { condition, input, expect } of golden.vectors)
    if (!WITNESS_ERRS.has(condition))
      assert.equal(witnessed(condition, inputWith(input ?? {})), expect, condition);
});
