import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDocument } from './mistakes.ts';
import { compileTransfers } from './transfers.section.ts';

const PLAIN = { currency: 'USD', units: { points: {} } };

/** The mistakes of a document that says this about transfers: pointers below the section, and the sentences. */
function mistakes(transfers: unknown): [pointer: string, message: string][] {
  const checked = checkDocument({ ...PLAIN, transfers }, { name: 'shop', units: [], clock: null });
  return checked.ok
    ? []
    : (checked.refusal.errors ?? []).map(({ pointer, message }) => [
        pointer.replace('/transfers', ''),
        message,
      ]);
}

test('everything that can be said about transfers is accepted, and the least is that they are allowed', () => {
  for (const said of [
    { allowed: false },
    { allowed: true },
    { allowed: true, minimum: '100', maximum: '100', send: { points: '100' }, receive: { times: 1 } },
    { allowed: true, send: { points: '5', times: 2, every: 'ever' }, fee: { points: '1' } },
    { allowed: true, fee: { percent: '100' } },
  ])
    assert.deepEqual(mistakes(said), [], JSON.stringify(said));
});

const CASES: [said: object, pointer: string, message: RegExp][] = [
  [{}, '/allowed', /"allowed" is missing/],
  [{ allowed: 'yes' }, '/allowed', /Write true or false/],
  [{ allowed: true, minimum: '0' }, '/minimum', /whole number of at least 1/],
  [{ allowed: true, minimum: 100 }, '/minimum', /as text in quotes/],
  [{ allowed: true, minimum: '10', maximum: '9' }, '/maximum', /at least 10 and at most 9 points, so none/],
  [{ allowed: true, send: {} }, '/send', /write "points", "times" or both/],
  [{ allowed: true, receive: { every: 'day' } }, '/receive', /write "points", "times" or both/],
  [
    { allowed: true, minimum: '50', send: { points: '49' } },
    '/send/points',
    /a limit of 49 allows none. Write at least 50/,
  ],
  [{ allowed: true, send: { times: 0 } }, '/send/times', /at least 1/],
  [{ allowed: true, send: { times: 1, every: 'hour' } }, '/send/every', /"day", "week", "month"/],
  [{ allowed: true, fee: { percent: '0' } }, '/fee/percent', /more than 0 and at most 100/],
  [{ allowed: true, fee: { percent: '100.01' } }, '/fee/percent', /more than 0 and at most 100/],
  [{ allowed: true, fee: '5' }, '/fee', /\{ "points": "50" \} or \{ "percent": "5" \}/],
  [{ allowed: true, fees: {} }, '/fees', /There is no such setting here/],
];
for (const [said, pointer, message] of CASES)
  test(`${JSON.stringify(said)} is a mistake at ${pointer}`, () => {
    const found = mistakes(said);
    assert.deepEqual(
      found.map(([at]) => at),
      [pointer],
    );
    assert.match(found[0]?.[1] ?? '', message);
  });

test('what is not allowed is nothing; a limit is for the month where nothing is said', () => {
  assert.equal(compileTransfers(undefined, 1), null);
  assert.equal(compileTransfers({ allowed: false, minimum: '5' }, 1), null);
  const compiled = compileTransfers({ allowed: true, send: { points: '70' } }, 3);
  assert.deepEqual(
    [compiled?.ref, compiled?.minimum, compiled?.maximum, compiled?.send, compiled?.receive],
    ['transfers@3', 1n, null, { points: 70n, times: null, every: 'month' }, null],
  );
});

test('a fee is fixed, or an exact share rounded down', () => {
  const fees: [fee: { points: string } | { percent: string } | undefined, points: bigint, costs: bigint][] = [
    [undefined, 1_000n, 0n],
    [{ points: '50' }, 1n, 50n],
    [{ percent: '5' }, 100n, 5n],
    [{ percent: '5' }, 119n, 5n],
    [{ percent: '5' }, 120n, 6n],
    [{ percent: '0.1' }, 999n, 0n],
    [{ percent: '0.1' }, 1_000n, 1n],
    [{ percent: '100' }, 9_223_372_036_854_775n, 9_223_372_036_854_775n],
  ];
  for (const [fee, points, costs] of fees)
    assert.equal(compileTransfers({ allowed: true, fee }, 1)?.fee(points), costs);
});
