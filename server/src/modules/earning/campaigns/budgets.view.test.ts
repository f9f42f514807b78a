import assert from 'node:assert/strict';
import test from 'node:test';
import type { ProgramVersion } from '../../program/index.ts';
import { viewBudgets } from './budgets.view.ts';

const effect = { multiply: '2' };
const DOCUMENT = [
  { id: 'money', effect, budget: { money: '10.00' } },
  { id: 'points', effect, budget: { points: '500' } },
  { id: 'free', effect },
];
/** Version 2 of a program in which a point is worth a third of a cent, or half of that. */
const version = {
  version: 2,
  currency: 'USD',
  exponent: () => 2,
  units: new Map([
    ['miles', { name: 'miles', redeemable: true, worth: { num: 1n, den: 600n } }],
    ['points', { name: 'points', redeemable: true, worth: { num: 1n, den: 300n } }],
    ['status', { name: 'status', redeemable: false, worth: null }],
  ]),
  campaigns: [
    { id: 'money', budget: { points: 3_000n, whenShort: 'trim' } },
    { id: 'points', budget: { points: 500n, whenShort: 'trim' } },
    { id: 'free', budget: null },
  ],
  document: { campaigns: DOCUMENT },
} as unknown as ProgramVersion;

const row = (campaign: string, of: number, points: bigint, granted: bigint) => ({
  campaign,
  version: of,
  points,
  granted,
});

test('a budget that nobody has used is whole, and in money too', () => {
  assert.deepEqual(viewBudgets(version, [], '', 10), [
    {
      campaign: 'money',
      points: 3_000n,
      granted: 0n,
      left: 3_000n,
      money: { amount: 1_000n, granted: 0n, left: 1_000n, currency: 'USD' },
    },
    { campaign: 'points', points: 500n, granted: 0n, left: 500n, money: null },
  ]);
});

test('money granted is rounded up and what is left down, by the worth of the dearest point', () => {
  const [money] = viewBudgets(version, [row('money', 2, 3_000n, 1n)], '', 10);
  assert.deepEqual(money?.money, { amount: 1_000n, granted: 1n, left: 999n, currency: 'USD' });
});

const CASES: [
  name: string,
  stored: [version: number, points: bigint, granted: bigint],
  shown: [points: bigint, left: bigint],
][] = [
  ['of this version', [2, 500n, 100n], [500n, 400n]],
  ['that a version raised which no batch has met yet', [1, 300n, 300n], [500n, 200n]],
  ['of a publication that was refused', [0, 0n, 0n], [500n, 500n]],
  ['that was cut below what was granted', [2, 500n, 600n], [500n, 0n]],
  ['of a later version than the clock of this engine knows', [3, 900n, 100n], [900n, 800n]],
];
for (const [name, [of, points, granted], [shown, left]] of CASES) {
  test(`what is left of a budget ${name}`, () => {
    const view = viewBudgets(version, [row('points', of, points, granted)], 'money', 10);
    assert.deepEqual(view, [{ campaign: 'points', points: shown, granted, left, money: null }]);
  });
}

test('a campaign that is not in force any more is listed with what it had', () => {
  const view = viewBudgets(version, [row('autumn', 1, 50n, 20n)], '', 2);
  assert.deepEqual(
    view.map(({ campaign, left }) => [campaign, left]),
    [
      ['autumn', 30n],
      ['money', 3_000n],
    ],
  );
});
