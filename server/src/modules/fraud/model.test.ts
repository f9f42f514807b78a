import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Fate, type PlainCheck, PlainVelocity } from '../../../test/support/velocity.ts';
import type { VelocityCheck } from '../program/index.ts';
import {
  addTo,
  type Case,
  endCase,
  heldBy,
  judge,
  lotKey,
  noFraud,
  type Pended,
  pausedBy,
  release,
} from './model.ts';

const MEMBER = 7;
const UNIT = 0;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOON = Date.UTC(2026, 5, 1, 12);

const asCheck = ({ moreThan, ...check }: PlainCheck): VelocityCheck => ({
  ...check,
  ref: `${check.id}@1`,
  unit: UNIT,
  moreThan: BigInt(moreThan),
});

/** The decisions of a sequence of commands on one member, made one after the other as a batch makes them. */
function member(checks: readonly PlainCheck[]) {
  const facts = noFraud();
  const opened: Case[] = [];
  const fates: Fate[] = [];
  const own = checks.map(asCheck);
  return {
    facts,
    opened,
    fates,
    order(at: number, points: number): Case | null {
      const seq = fates.length + 1;
      const pause = pausedBy(facts, MEMBER, UNIT, at);
      const lot: Pended[] =
        pause === undefined
          ? []
          : [
              {
                wallet: UNIT,
                seq,
                caseId: pause.id,
                at,
                points: BigInt(points),
                terms: { availableFrom: null },
                event: null,
                closing: null,
              },
            ];
      const credits = pause === undefined ? [{ unit: UNIT, points: BigInt(points), lots: [seq] }] : [];
      const watched = {
        id: BigInt(seq),
        programId: 1,
        memberId: MEMBER,
        cause: 'ord',
        at,
        now: at,
        checks: own,
      };
      const addition = judge(facts, watched, credits, lot);
      addTo(facts, addition);
      fates.push(pause === undefined ? 'given' : pause.state === 'confirmed' ? 'gone' : 'held');
      if (addition.opened !== null) opened.push(addition.opened);
      return addition.opened;
    },
    decide(which: number, state: 'released' | 'confirmed'): void {
      const found = facts.cases.get((opened[which] as Case).id) as Case;
      if (found.state !== 'open') return;
      const { free, moved, gone } =
        state === 'released'
          ? release(facts, found, () => UNIT)
          : { free: [], moved: [], gone: heldBy(facts, found.id) };
      for (const { seq } of free) fates[seq - 1] = 'freed';
      for (const { seq } of gone) fates[seq - 1] = 'gone';
      endCase(facts, found.id, state, moved);
    },
  };
}

const BURST: PlainCheck = {
  id: 'burst',
  moreThan: 1000,
  within: 5 * MINUTE,
  window: 'tumbling',
  pause: HOUR,
};
const SLIDE: PlainCheck = { ...BURST, id: 'slide', window: 'sliding' };
const FLAG: PlainCheck = { ...BURST, id: 'flag', pause: null };

type Order = readonly [at: number, points: number];
const LINES: [what: string, check: PlainCheck, orders: Order[], crossings: (number | null)[]][] = [
  [
    '1,000 points are on the line',
    BURST,
    [
      [0, 999],
      [1, 1],
    ],
    [null, null],
  ],
  [
    '1,001 points are over it',
    BURST,
    [
      [0, 1000],
      [1, 1],
    ],
    [null, 1001],
  ],
  ['one order alone can be over it', BURST, [[0, 1001]], [1001]],
  [
    'the last millisecond of a window is in it',
    BURST,
    [
      [0, 1000],
      [5 * MINUTE - 1, 1],
    ],
    [null, 1001],
  ],
  [
    'the next one is not',
    BURST,
    [
      [0, 1000],
      [5 * MINUTE, 1],
    ],
    [null, null],
  ],
  [
    'windows are aligned to the epoch, not to the first order',
    BURST,
    [
      [4 * MINUTE, 1000],
      [6 * MINUTE, 1],
    ],
    [null, null],
  ],
  [
    'a sliding window catches what straddles two',
    SLIDE,
    [
      [4 * MINUTE, 1000],
      [6 * MINUTE, 1],
    ],
    [null, 1001],
  ],
  [
    'its first millisecond is not in it',
    SLIDE,
    [
      [0, 1000],
      [5 * MINUTE, 1],
    ],
    [null, null],
  ],
  [
    'the one after that is',
    SLIDE,
    [
      [1, 1000],
      [5 * MINUTE, 1],
    ],
    [null, 1001],
  ],
  [
    'a late order crosses a tumbling window',
    BURST,
    [
      [2, 1000],
      [0, 1],
    ],
    [null, 1001],
  ],
  [
    'a late order crosses a sliding window that ends after it',
    SLIDE,
    [
      [MINUTE, 600],
      [2 * MINUTE, 400],
      [0, 1],
    ],
    [null, null, 1001],
  ],
  [
    'a late order that no window holds with the rest does not',
    SLIDE,
    [
      [5 * MINUTE, 1000],
      [0, 1],
    ],
    [null, null],
  ],
  [
    'an order that earns nothing crosses nothing',
    FLAG,
    [
      [0, 1001],
      [1, 0],
    ],
    [1001, null],
  ],
  [
    'a check that flags opens one case in a window',
    FLAG,
    [
      [0, 1001],
      [1, 5000],
      [5 * MINUTE, 1001],
    ],
    [1001, null, 1001],
  ],
  [
    'and a sliding one none within a window of the last',
    { ...FLAG, window: 'sliding' },
    [
      [0, 1001],
      [5 * MINUTE - 1, 5000],
      [5 * MINUTE, 1],
    ],
    [1001, null, 5001],
  ],
];
for (const [what, check, orders, crossings] of LINES)
  test(what, () => {
    const { order } = member([check]);
    assert.deepEqual(
      orders.map(([at, points]) => order(NOON + at, points)?.crossings[0]?.points ?? null),
      crossings.map(points => (points === null ? null : BigInt(points))),
    );
  });

test('a pause covers from the crossing, to the millisecond, until before its end', () => {
  const { order, fates } = member([BURST]);
  order(NOON + MINUTE, 1001);
  for (const at of [NOON + MINUTE - 1, NOON + MINUTE, NOON + MINUTE + HOUR - 1, NOON + MINUTE + HOUR])
    order(at, 1);
  assert.deepEqual(fates, ['given', 'given', 'held', 'held', 'given']);
});

test('what a pause holds back counts in no window: it can neither open a case nor make the pause longer', () => {
  const { order, opened } = member([BURST, SLIDE]);
  order(NOON, 1001);
  order(NOON + MINUTE, 50_000);
  order(NOON + 59 * MINUTE, 50_000);
  order(NOON + HOUR, 1000);
  assert.equal(opened.length, 1);
  assert.deepEqual(
    opened[0]?.crossings.map(({ check }) => check),
    ['burst@1', 'slide@1'],
  );
});

test('a later version of a check opens no second case in a window that an earlier one found too full', () => {
  const { facts, order } = member([FLAG]);
  order(NOON, 1001);
  const again = judge(
    facts,
    {
      id: 9n,
      programId: 1,
      memberId: MEMBER,
      cause: 'ord',
      at: NOON + 1,
      now: NOON,
      checks: [{ ...asCheck(FLAG), ref: 'flag@2' }],
    },
    [{ unit: UNIT, points: 5n, lots: [1] }],
    [],
  );
  assert.equal(again.opened, null);
});

test('nothing of another unit or member counts or is held back', () => {
  const { facts, order } = member([BURST]);
  order(NOON, 1000);
  const other = {
    id: 9n,
    programId: 1,
    memberId: 8,
    cause: 'ord',
    at: NOON,
    now: NOON,
    checks: [asCheck(BURST)],
  };
  assert.equal(judge(facts, other, [{ unit: UNIT, points: 1n, lots: [] }], []).opened, null);
  const same = { ...other, memberId: MEMBER };
  assert.equal(judge(facts, same, [{ unit: 1, points: 5000n, lots: [] }], []).opened, null);
  order(NOON, 1);
  assert.equal(pausedBy(facts, 8, UNIT, NOON), undefined);
  assert.equal(pausedBy(facts, MEMBER, 1, NOON), undefined);
  assert.notEqual(pausedBy(facts, MEMBER, UNIT, NOON), undefined);
});

test('released points that another open case covers stay with it, and lapse with a confirmed one', () => {
  for (const [second, fate] of [
    ['released', 'freed'],
    ['confirmed', 'gone'],
  ] as const) {
    const { order, decide, fates, facts } = member([BURST]);
    order(NOON, 1001);
    order(NOON + 10 * MINUTE, 5);
    order(NOON - 10 * MINUTE, 1001);
    decide(0, 'released');
    assert.equal(fates[1], 'held');
    assert.equal(facts.pended.get(lotKey(UNIT, 2))?.caseId, 3n);
    decide(1, second);
    assert.equal(fates[1], fate);
  }
});

const times = fc.integer({ min: 0, max: 60 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant('order' as const), times, fc.integer({ min: 0, max: 9 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('released' as const), fc.nat(5), fc.constant(0)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('confirmed' as const), fc.nat(5), fc.constant(0)) },
);
const someChecks = fc
  .array(
    fc.record({
      moreThan: fc.integer({ min: 0, max: 25 }),
      within: fc.integer({ min: 1, max: 12 }),
      window: fc.constantFrom('tumbling' as const, 'sliding' as const),
      pause: fc.option(fc.integer({ min: 1, max: 20 })),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map(checks => checks.map((check, index) => ({ ...check, id: `c${index}` })));

test('10,000 sequences of orders in any order of time, releases and confirmations equal the plain model', () => {
  fc.assert(
    fc.property(someChecks, fc.array(step, { maxLength: 30 }), (checks, steps) => {
      const plain = new PlainVelocity(checks);
      const real = member(checks);
      for (const [kind, value, points] of steps) {
        if (kind === 'order') {
          plain.order(value, points);
          real.order(value, points);
        } else if (plain.cases[value]?.state === 'open') {
          plain.decide(plain.cases[value], kind);
          real.decide(value, kind);
        }
        assert.deepEqual(
          real.fates,
          plain.orders.map(({ fate }) => fate),
        );
        assert.deepEqual(
          real.opened.map(({ id, at, crossings }) => [
            at,
            crossings.map(({ check }) => check),
            real.facts.cases.get(id)?.state,
          ]),
          plain.cases.map(({ at, checks: crossed, state }) => [
            at,
            crossed.map(({ id }) => `${id}@1`),
            state,
          ]),
        );
      }
    }),
    { numRuns: 10_000 },
  );
});
