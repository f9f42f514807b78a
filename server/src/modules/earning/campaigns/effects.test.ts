import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Rational, type Rounding, rational } from '#platform/money.ts';
import type { Campaign, EarningRule, ProgramVersion } from '../../program/index.ts';
import { addReturn, citedBy, type Multiplier, NOTHING_APPLIED, type Order, rate, targets } from '../model.ts';

const points = { name: 'points', number: 0, redeemable: true, qualifying: false, worth: null };
const nights = { ...points, name: 'nights', number: 1, redeemable: false };
const terms = { pending: null, expires: null };

const rule = (id: string, earn: EarningRule['earn'], unit = points): EarningRule => ({
  id,
  ref: `${id}@1`,
  on: 'order',
  when: null,
  condition: null,
  unit,
  earn,
  terms,
});

/** A campaign that adds so many thousandths. */
const adds = (id: string, thousandths: number, unit: string | null = null): Campaign =>
  ({ id, ref: `${id}@1`, effect: { add: rational(BigInt(thousandths), 1000n), unit } }) as Campaign;

/** As much of a version as rating reads. */
const version = (rules: EarningRule[], campaigns: Campaign[], rounding: Rounding): ProgramVersion =>
  ({
    currency: 'USD',
    rounding,
    units: new Map([points, nights].map(unit => [unit.name, unit])),
    rules,
    campaigns,
    minorUnit: rational(1n, 100n),
    rate: () => rational(1n, 1n),
  }) as unknown as ProgramVersion;

const order = (amounts: readonly number[]): Order => ({
  externalId: 'o',
  source: 'api',
  revision: 1,
  occurredAt: 0,
  currency: 'USD',
  kind: null,
  channel: null,
  partner: null,
  lines: amounts.map((amount, index) => ({
    id: String(index),
    sku: null,
    category: null,
    quantity: 6,
    amount: BigInt(amount),
  })),
  attributes: null,
});

interface Case {
  readonly amounts: readonly number[];
  /** Points for each currency unit, in thousandths. */
  readonly perUnit: number;
  readonly fixed: number;
  /** In hundredths. */
  readonly multipliers: readonly number[];
  /** Of each campaign, in thousandths of the base points: 125 is 12.5 per cent. */
  readonly parts: readonly number[];
  readonly rounding: Rounding;
}

const cases: fc.Arbitrary<Case> = fc.record({
  amounts: fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 6 }),
  perUnit: fc.integer({ min: 1, max: 5_000 }),
  fixed: fc.integer({ min: 0, max: 99 }),
  multipliers: fc.array(fc.integer({ min: 101, max: 400 }), { maxLength: 2 }),
  parts: fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 3 }),
  rounding: fc.constantFrom('floor', 'half_up', 'ceiling'),
});

function rated({ amounts, perUnit, fixed, multipliers, parts, rounding }: Case) {
  const rules = [
    rule('base', { perCurrencyUnit: rational(BigInt(perUnit), 1000n) }),
    ...(fixed > 0 ? [rule('each', { fixed: BigInt(fixed) })] : []),
  ];
  const campaigns = parts.map((part, index) => adds(`c${index}`, part));
  const applied = {
    ...NOTHING_APPLIED,
    multipliers: multipliers.map(
      (by, index): Multiplier => ({ ref: `m${index}@1`, by: rational(BigInt(by), 100n), unit: null }),
    ),
    campaigns: campaigns.map(({ ref }) => ref),
  };
  return rate(order(amounts), version(rules, campaigns, rounding), applied);
}

/**
 * The whole of it in whole numbers, as thousandths of hundredths of thousandths … of a point: what the rules give, times
 * the multipliers where it depends on the amount, and the parts of what the rules give alone.
 */
function modelled({ amounts, perUnit, fixed, multipliers, parts }: Case): { num: bigint; den: bigint } {
  const cents = amounts.reduce((sum, amount) => sum + BigInt(amount), 0n);
  const byAmount = cents * BigInt(perUnit); // of 100 x 1000
  const base = byAmount + BigInt(fixed) * 100_000n;
  const grown = multipliers.reduce((value, by) => value * BigInt(by), byAmount);
  const scale = 100n ** BigInt(multipliers.length);
  const added = parts.reduce((sum, part) => sum + base * BigInt(part), 0n);
  const num = (grown + BigInt(fixed) * 100_000n * scale) * 1000n + added * scale;
  return { num, den: 100_000n * scale * 1000n };
}

const rounded = ({ num, den }: Rational, how: Rounding): bigint =>
  how === 'floor' ? num / den : how === 'ceiling' ? (num + den - 1n) / den : (2n * num + den) / (2n * den);

test('percentages are of what the rules give alone, beside multipliers, and rounded once with the whole order', () => {
  fc.assert(
    fc.property(cases, own => {
      const cells = rated(own);
      const sum = cells.reduce((all, cell) => all + cell.points, 0n);
      assert.equal(sum, rounded(modelled(own), own.rounding));
    }),
    { numRuns: 2_000 },
  );
});

test('what each percentage gives is at most one point for each cell away from its exact part', () => {
  fc.assert(
    fc.property(cases, own => {
      const cells = rated(own);
      const base = modelled({ ...own, multipliers: [], parts: [] });
      for (const [index, part] of own.parts.entries()) {
        const mine = cells.filter(cell => citedBy(cell.rule.ref) === `c${index}@1`);
        const given = mine.reduce((all, cell) => all + cell.points, 0n);
        const exact = { num: base.num * BigInt(part), den: base.den * 1000n };
        const slack = BigInt(2 * own.amounts.length);
        assert.ok(given * exact.den <= exact.num + slack * exact.den, `${given} of ${part}`);
        assert.ok((given + slack) * exact.den >= exact.num, `${given} of ${part}`);
        assert.ok(mine.every(cell => cell.rule.bonus === true));
      }
    }),
    { numRuns: 500 },
  );
});

test('any sequence of partial returns comes to what is kept in the end, and a whole one to nothing', () => {
  const sequences = fc.tuple(cases, fc.array(fc.nat(), { maxLength: 12 }), fc.infiniteStream(fc.nat()));
  fc.assert(
    fc.property(sequences, ([own, picks, shuffle]) => {
      const given = order(own.amounts);
      const cells = rated(own);
      const step = (returned: ReadonlyMap<string, Rational>, pick: number) => {
        const line = given.lines[pick % given.lines.length];
        const after = addReturn({ order: given, returned }, [
          { id: line?.id as string, quantity: 1, amount: null },
        ]);
        return after instanceof Map ? after : returned;
      };
      const totals = (returned: ReadonlyMap<string, Rational>) =>
        [...targets({ order: given, returned }, cells)]
          .map(([ref, { points: kept }]) => `${ref} ${kept}`)
          .sort();
      let one: ReadonlyMap<string, Rational> = new Map();
      let before = targets({ order: given, returned: one }, cells);
      for (const pick of picks) {
        one = step(one, pick);
        const now = targets({ order: given, returned: one }, cells);
        for (const [ref, { points: kept }] of now) {
          assert.ok(kept >= 0n);
          assert.ok(kept <= (before.get(ref)?.points ?? 0n), `${ref} grew by a return`);
        }
        before = now;
      }
      const other = picks
        .map(pick => ({ pick, key: shuffle.next().value as number }))
        .sort((a, b) => a.key - b.key)
        .reduce<ReadonlyMap<string, Rational>>((returned, { pick }) => step(returned, pick), new Map());
      assert.deepEqual(totals(other), totals(one));
      const all = addReturn({ order: given, returned: one }, null);
      if (all instanceof Map)
        for (const { points: kept } of targets({ order: given, returned: all }, cells).values())
          assert.equal(kept, 0n);
    }),
    { numRuns: 500 },
  );
});

test('a percentage is of the unit that it names, or of all that can be redeemed', () => {
  const rules = [rule('base', { fixed: 80n }), rule('night', { fixed: 8n }, nights)];
  const told = (campaign: Campaign) =>
    rate(order([100]), version(rules, [campaign], 'floor'), {
      ...NOTHING_APPLIED,
      campaigns: [campaign.ref],
    }).map(({ rule: { ref }, points: own }) => `${ref} ${own}`);
  assert.deepEqual(told(adds('eighth', 125)), ['base@1 80', 'base@1*eighth@1 10', 'night@1 8']);
  assert.deepEqual(told(adds('eighth', 125, 'nights')), ['base@1 80', 'night@1 8', 'night@1*eighth@1 1']);
});
