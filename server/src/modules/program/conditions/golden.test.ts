import assert from 'node:assert/strict';
import test from 'node:test';
import { Environment } from '@marcbachmann/cel-js';
import { golden, inputWith, type Vector } from '../../../../test/support/conditions.ts';
import { compileCondition } from './compile.ts';
import type { ConditionInput } from './variables.ts';

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

// --------------------------------------------------------------------------- another engine for CEL, as a witness

const witness = new Environment()
  .registerVariable('order', 'map<string, dyn>')
  .registerVariable('member', 'map<string, dyn>')
  .registerVariable('time', 'map<string, dyn>')
  .registerVariable('tier', 'string');

/** Whole numbers as CEL's int, which is bigint to the witness. */
const celValue = (value: unknown): unknown => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, celValue(inner)]));
};

function witnessed(condition: string, input: ConditionInput): unknown {
  const run = witness.parse(condition);
  try {
    return run(celValue(input) as Record<string, unknown>);
  } catch {
    return 'fault';
  }
}

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
