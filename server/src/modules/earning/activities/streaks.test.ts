import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { advance, lengthAt, NO_STREAK, type StreakState } from './streaks.ts';

const dayOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000;
const AT = (...lengths: number[]) => lengths.map(length => ({ length }));

/** What activities on these days earn, one after another: the lengths that each reaches. */
function reached(days: readonly number[], freezes: number, lengths: readonly number[]): number[][] {
  let state: StreakState = NO_STREAK;
  return days.map(day => {
    const next = advance(state, day, { freezes, rewards: AT(...lengths) });
    ({ state } = next);
    return next.reached;
  });
}

/**
 * The same, said again in the plainest way: a set of days, all runs worked out anew for each activity, day by day.
 */
function reference(days: readonly number[], freezes: number, lengths: readonly number[]): number[][] {
  const active = new Set<number>();
  const paid: [length: number, day: number][] = [];
  return days.map(day => {
    active.add(day);
    const used: Record<string, number> = {};
    const runs: number[][] = [];
    for (const each of [...active].sort((a, b) => a - b)) {
      const run = runs.at(-1);
      const gap = run
        ? Array.from({ length: each - (run.at(-1) as number) - 1 }, (_, i) => each - 1 - i)
        : [];
      const after = { ...used };
      for (const missed of gap) {
        const month = new Date(missed * 86_400_000).toISOString().slice(0, 7);
        after[month] = (after[month] ?? 0) + 1;
      }
      if (
        run &&
        gap.every(d => (after[new Date(d * 86_400_000).toISOString().slice(0, 7)] as number) <= freezes)
      ) {
        run.push(each);
        Object.assign(used, after);
      } else runs.push([each]);
    }
    const own = runs.find(run => run.includes(day)) as number[];
    const isPaid = (length: number) =>
      paid.some(([l, d]) => l === length && d >= (own[0] as number) && d <= (own.at(-1) as number));
    const now = lengths.filter(length => length <= own.length && !isPaid(length));
    paid.push(...now.map((length): [number, number] => [length, day]));
    return now;
  });
}

test('10,000 sequences of days, late ones and repeats among them, earn what a plain model says', () => {
  const first = dayOf('2026-01-20');
  fc.assert(
    fc.property(
      fc.array(fc.nat(40), { maxLength: 40 }),
      fc.nat(3),
      fc
        .uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 })
        .map(all => all.sort((a, b) => a - b)),
      (offsets, freezes, lengths) => {
        const days = offsets.map(offset => first + offset);
        assert.deepEqual(reached(days, freezes, lengths), reference(days, freezes, lengths));
      },
    ),
    { numRuns: 10_000 },
  );
});

test('whatever the order of the days, no run has a length rewarded twice, and in order every length is rewarded', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(Array.from({ length: 20 }, (_, day) => day)), days => {
      const rewards = reached(days, 0, [3]).flat().length;
      const runs = [...days]
        .sort((a, b) => a - b)
        .reduce<number[]>((all, day, index, sorted) => {
          if (index > 0 && sorted[index - 1] === day - 1) all[all.length - 1] = (all.at(-1) as number) + 1;
          else all.push(1);
          return all;
        }, []);
      // Parts that were rewarded before a late day joined them stay rewarded.
      assert.ok(rewards >= runs.filter(length => length >= 3).length);
      assert.ok(rewards <= days.length / 3);
      const inOrder = [...days].sort((a, b) => a - b);
      assert.equal(reached(inOrder, 0, [3]).flat().length, runs.filter(length => length >= 3).length);
    }),
    { numRuns: 2_000 },
  );
});

test('cases that are hard to see', () => {
  const cases: [name: string, days: string[], freezes: number, lengths: number[], expected: number[][]][] = [
    ['the same day counts once', ['03-01', '03-01', '03-02', '03-02'], 0, [2], [[], [], [2], []]],
    ['each length once in a run', ['03-01', '03-02', '03-03'], 0, [1, 3], [[1], [], [3]]],
    ['a missed day ends it', ['03-01', '03-03', '03-04'], 0, [2], [[], [], [2]]],
    ['a late day repairs it', ['03-01', '03-03', '03-02'], 0, [3], [[], [], [3]]],
    [
      'a late day that joins two rewarded runs gives nothing again',
      ['03-01', '03-02', '03-04', '03-05', '03-03'],
      0,
      [2, 5],
      [[], [2], [], [2], [5]],
    ],
    [
      'a late day reaches two lengths at once',
      ['03-01', '03-02', '03-04', '03-03'],
      0,
      [3, 4],
      [[], [], [], [3, 4]],
    ],
    ['a frozen day keeps the run and does not count', ['03-01', '03-03', '03-04'], 1, [3], [[], [], [3]]],
    ['one freeze a month bridges one day', ['03-01', '03-03', '03-05'], 1, [3], [[], [], []]],
    ['the next month has its own', ['03-30', '04-01', '04-03'], 1, [3], [[], [], [3]]],
    ['a gap over the end of a month takes of both', ['03-30', '04-02'], 1, [2], [[], [2]]],
    ['two days of one month need two', ['03-10', '03-13'], 1, [2], [[], []]],
    ['a gap that cannot be bridged takes no freeze', ['03-10', '03-13', '03-15'], 1, [2], [[], [], [2]]],
    ['over a leap day', ['02-28', '02-29', '03-01'], 0, [3], [[], [], [3]]],
    [
      'a late day moves the freeze to an earlier gap, and what was rewarded stays rewarded',
      ['03-01', '03-04', '03-06', '03-02', '03-07', '03-08'],
      1,
      [2],
      [[], [], [2], [2], [], []],
    ],
  ];
  for (const [name, days, freezes, lengths, expected] of cases)
    assert.deepEqual(
      reached(
        days.map(date => dayOf(`2028-${date}`)),
        freezes,
        lengths,
      ),
      expected,
      name,
    );
});

test('the length of a run that is going on is known before the activity of the day', () => {
  let state = NO_STREAK;
  for (const day of [10, 11, 13]) ({ state } = advance(state, day, { freezes: 1, rewards: [] }));
  assert.deepEqual(
    [13, 14, 15, 9, 20].map(day => lengthAt(state, day, 1)),
    [3, 3, 0, 3, 0],
  );
  assert.equal(lengthAt(NO_STREAK, 1, 3), 0);
});
