import assert from 'node:assert/strict';
import test from 'node:test';
import { Fault } from '#platform/errors.ts';
import type { Credentials } from '#platform/http/api.ts';
import { newKey } from './root-key.ts';
import { hashOf, TRUSTED_MS, Verifier } from './verifier.ts';

const ann: Credentials = { id: 'key_1', label: 'ann', program: null, scopes: new Set(), sources: [] };

/** A verifier over a map of hashes, with a clock that stands still and a count of questions. */
function setUp() {
  const keys = new Map<string, Credentials>();
  const state = { now: 1_000, asked: 0, gate: Promise.resolve() };
  const verifier = new Verifier({
    now: () => state.now,
    find: async hash => {
      state.asked += 1;
      const found = keys.get(hash);
      await state.gate;
      return found;
    },
  });
  return { keys, state, verifier };
}
/** Holds every question open until it is called. */
function hold(state: { gate: Promise<void> }): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  state.gate = promise;
  return resolve;
}

test('a key is asked for once and then known without waiting, for 5 seconds', async () => {
  const { keys, state, verifier } = setUp();
  const key = newKey();
  keys.set(hashOf(key), ann);
  assert.equal(await verifier.authenticate(key), ann);
  state.now += TRUSTED_MS;
  assert.equal(verifier.authenticate(key), ann, 'not a promise');
  assert.equal(state.asked, 1);
  state.now += 1;
  assert.ok(verifier.authenticate(key) instanceof Promise);
  assert.equal(state.asked, 2);
});

test('a revocation elsewhere is seen within 5 seconds, counted from the question and not from its answer', async () => {
  const { keys, state, verifier } = setUp();
  const key = newKey();
  keys.set(hashOf(key), ann);
  const release = hold(state);
  const first = verifier.authenticate(key);
  keys.delete(hashOf(key));
  state.now += 3_000;
  release();
  assert.equal(await first, ann);
  state.now += 2_001;
  assert.equal(await verifier.authenticate(key), undefined);
});

test('an unknown key is remembered as well, until it is made here', async () => {
  const { keys, state, verifier } = setUp();
  const key = newKey();
  assert.equal(await verifier.authenticate(key), undefined);
  assert.equal(verifier.authenticate(key), undefined);
  assert.equal(state.asked, 1);
  keys.set(hashOf(key), ann);
  verifier.forget(hashOf(key));
  assert.equal(await verifier.authenticate(key), ann);
});

test('a key that is revoked here opens nothing from then on, also when a question was under way', async () => {
  const { keys, state, verifier } = setUp();
  const key = newKey();
  keys.set(hashOf(key), ann);
  const release = hold(state);
  const early = verifier.authenticate(key);
  keys.delete(hashOf(key));
  verifier.forget(hashOf(key));
  const late = verifier.authenticate(key);
  release();
  assert.equal(await early, ann, 'it was asked for before the revocation');
  assert.equal(await late, undefined);
  assert.equal(await verifier.authenticate(key), undefined, 'what was asked before is not remembered');
});

test('those who bring the same key at the same time share one question', async () => {
  const { keys, state, verifier } = setUp();
  const key = newKey();
  keys.set(hashOf(key), ann);
  const answers = await Promise.all(Array.from({ length: 50 }, () => verifier.authenticate(key)));
  assert.ok(answers.every(answer => answer === ann));
  assert.equal(state.asked, 1);
});

test('made-up keys do not push real ones out', async () => {
  const { keys, state, verifier } = setUp();
  const key = newKey();
  keys.set(hashOf(key), ann);
  await verifier.authenticate(key);
  for (let i = 0; i < 10_001; i += 1) await verifier.authenticate(newKey());
  const { asked } = state;
  assert.equal(verifier.authenticate(key), ann);
  assert.equal(state.asked, asked);
});

test('what is not of the form of a key is refused without a question', () => {
  const { state, verifier } = setUp();
  const key = newKey();
  for (const text of ['', 'fk_', key.slice(1), `${key}x`, key.slice(0, -1), key.toUpperCase(), `${key}\n`])
    assert.equal(verifier.authenticate(text), undefined, text);
  assert.equal(state.asked, 0);
});

test('a failed question is not remembered', async () => {
  let away = true;
  const verifier = new Verifier({
    find: async () => {
      if (away) throw new Error('away');
      return ann;
    },
  });
  const key = newKey();
  await assert.rejects(async () => verifier.authenticate(key), /away/);
  away = false;
  assert.equal(await verifier.authenticate(key), ann);
});

test('no more than a thousand keys are asked for at one time', async () => {
  const { state, verifier } = setUp();
  const release = hold(state);
  const asked = Array.from({ length: 1_000 }, () => verifier.authenticate(newKey()));
  await assert.rejects(
    async () => verifier.authenticate(newKey()),
    (error: unknown) => error instanceof Fault && error.code === 'overloaded' && error.retryAfter === 1,
  );
  release();
  await Promise.all(asked);
  assert.equal(await verifier.authenticate(newKey()), undefined);
});
