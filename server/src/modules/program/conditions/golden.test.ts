import assert from 'node:assert/strict';
import test from 'node:test';
import {
  activityWith,
  golden,
  inputWith,
  type Vector,
  witnessed,
} from '../../../../test/support/conditions.ts';
import { compileActivityCondition, compileCondition, compileOrderCondition } from './compile.ts';

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

const OF_ORDERS = new Set(['order', 'lines', 'time']);

test('a rule on orders comes to the same where it reads the order alone, and all else is refused', () => {
  let refused = 0;
  for (const { condition, input } of golden.vectors) {
    const [campaign, rule] = [compileCondition(condition), compileOrderCondition(condition)];
    assert.ok(campaign.ok, condition);
    const isOfOrder = [...campaign.condition.reads].every(what => OF_ORDERS.has(what));
    assert.equal(rule.ok, isOfOrder, condition);
    if (!rule.ok) refused++;
    else {
      const { order, time } = inputWith(input ?? {});
      const expected = campaign.condition.holds(inputWith(input ?? {}));
      assert.deepEqual(rule.condition.holds({ order, time }), expected, condition);
    }
  }
  assert.ok(refused >= 10, String(refused));
  for (const { condition, at } of golden.of_rules.refused) {
    const compiled = compileOrderCondition(condition);
    assert.deepEqual({ condition, at: compiled.ok ? 'accepted' : compiled.at }, { condition, at });
  }
});

const ATTRIBUTES = new Map(Object.entries(golden.of_activities.attributes));
const ofReview = (condition: string) => compileActivityCondition(condition, 'review', ATTRIBUTES);

test('the golden vectors of activities come to what they say, also to another engine for CEL', () => {
  for (const { condition, attributes, expect } of golden.of_activities.vectors) {
    const compiled = ofReview(condition);
    assert.ok(compiled.ok, `${condition}: ${compiled.ok ? '' : compiled.message}`);
    const held = compiled.condition.holds(activityWith(attributes));
    const told = `${condition} ${JSON.stringify(attributes ?? {})}`;
    assert.equal(typeof held === 'boolean' ? held : 'fault', expect, told);
    assert.equal(witnessed(condition, activityWith(attributes)), expect, told);
  }
  for (const { condition, at } of golden.of_activities.refused) {
    const compiled = ofReview(condition);
    assert.deepEqual({ condition, at: compiled.ok ? 'accepted' : compiled.at }, { condition, at });
  }
});

test('what was sent as another type than the program declares now is a fault, not a value', () => {
  const cases: [condition: string, attributes: Record<string, string | number | boolean>, reason: string][] =
    [
      ['activity.attributes.stars >= 4', { stars: 4.5 }, 'activity.attributes.stars is not a whole number.'],
      ['activity.attributes.photo', { photo: 'yes' }, 'activity.attributes.photo is not true or false.'],
      ["activity.attributes.city != 'Rome'", { city: 7 }, 'activity.attributes.city is not text.'],
      ['activity.attributes.km != 3', { km: true }, 'activity.attributes.km is not a number.'],
    ];
  for (const [condition, attributes, reason] of cases) {
    const compiled = ofReview(condition);
    assert.ok(compiled.ok, condition);
    const held = compiled.condition.holds(activityWith(attributes));
    assert.deepEqual(held, { code: 'wrong_type', reason, at: 0 });
  }
});
