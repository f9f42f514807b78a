import assert from 'node:assert/strict';
import test from 'node:test';
import { compileCampaigns } from './campaigns.ts';
import type { ProgramDocument } from './document.ts';

/** How many points a budget in money is, of a campaign with this effect. */
function pointsOf(money: string, effect: object, worths: Record<string, string>): bigint | undefined {
  const units = Object.entries(worths).map(([name, worth]) => [name, { worth }] as const);
  const document = {
    currency: 'USD',
    units: { ...Object.fromEntries(units), status: { redeemable: false } },
    campaigns: [{ id: 'gift', effect, budget: { money } }],
  } as unknown as ProgramDocument;
  return compileCampaigns(document, 1)[0]?.budget?.points;
}

const double = { multiply: '2' };
const MOST = 999_999_999_999_999n;
const CASES: [name: string, money: string, effect: object, worths: Record<string, string>, points: bigint][] =
  [
    ['is as many points as it pays for', '10.00', double, { points: '0.01' }, 1_000n],
    ['is rounded down', '10.00', double, { points: '0.03' }, 333n],
    ['smaller than a point gives nothing', '0.99', double, { points: '1' }, 0n],
    ['counts by the dearest unit that is multiplied', '1.00', double, { miles: '0.01', points: '0.05' }, 20n],
    [
      'counts by the one unit that is named',
      '1.00',
      { multiply: '2', unit: 'miles' },
      { miles: '0.01', points: '0.05' },
      100n,
    ],
    [
      'counts by the unit of its own points',
      '1.00',
      { earn: { unit: 'points', fixed: '5' } },
      { miles: '0.1', points: '0.05' },
      20n,
    ],
    ['of points that are worth nothing is as large as can be', '1.00', double, { points: '0' }, MOST],
    [
      'is never more than can be counted',
      '999999999999.99',
      double,
      { points: '0.000000000000000001' },
      MOST,
    ],
  ];
for (const [name, money, effect, worths, points] of CASES) {
  test(`a budget in money ${name}`, () => {
    assert.equal(pointsOf(money, effect, worths), points);
  });
}
