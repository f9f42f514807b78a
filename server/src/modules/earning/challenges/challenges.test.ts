import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  amountOf,
  NO_PROGRESS,
  type Part,
  type Place,
  type Progress,
  placesAt,
  replaced,
  settle,
} from './challenges.ts';

const challenge = (times: number, ...targets: number[]) => ({
  times,
  goals: targets.map(target => ({ target: BigInt(target), bonus: null, badge: null })),
});
const placeOf = ({ round, goal }: Place): string => `${round}/${goal}`;

/** One period as the engine keeps it: parts by order, progress, the goals that are given now. */
class Kept {
  readonly parts = new Map<number, Part>();
  progress: Progress = NO_PROGRESS;
  given: Place[] = [];

  /** What an order (0: nothing of it is left) changes. */
  set(
    order: number,
    part: Part,
    by: ReturnType<typeof challenge> | null,
  ): { lost: string[]; reached: string[] } {
    this.progress = replaced(this.progress, this.parts.get(order) ?? null, part);
    this.parts.set(order, part);
    const { lost, reached } = settle(this.given, amountOf(this.progress), by);
    this.given = [...this.given.filter(place => !lost.includes(place)), ...reached];
    return { lost: lost.map(placeOf), reached: reached.map(placeOf) };
  }
}

/** The same in the plainest way: everything is added up anew after each step. */
class Plain {
  readonly parts = new Map<number, Part>();

  goals(times: number, targets: readonly number[]): string[] {
    const counted = [...this.parts.values()].filter(({ value }) => value > 0n);
    const days = new Set(counted.flatMap(({ day }) => (day === null ? [] : [day])));
    const sum =
      counted.reduce((all, { value, day }) => all + (day === null ? Number(value) : 0), 0) + days.size;
    const reached: string[] = [];
    for (let round = 0; round < times; round += 1)
      for (const [goal, target] of targets.entries())
        if (sum >= round * (targets.at(-1) as number) + target) reached.push(`${round}/${goal}`);
    return reached;
  }
}

const targets = fc
  .uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 3 })
  .map(all => all.sort((a, b) => a - b));
const step = fc.record({ order: fc.nat(5), value: fc.nat(6), day: fc.nat(3), returns: fc.boolean() });

for (const byDays of [false, true])
  test(`10,000 sequences of orders, changes, returns and repeats ${byDays ? 'on days ' : ''}end at what a plain model says`, () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 25 }),
        targets,
        fc.integer({ min: 1, max: 3 }),
        (steps, own, times) => {
          const kept = new Kept();
          const plain = new Plain();
          for (const { order, value, day, returns } of steps) {
            const before = plain.parts.get(order);
            // A return takes off, an order or a revision of it says anew how much it is.
            const left = returns ? BigInt(Math.min(value, Number(before?.value ?? 0n))) : BigInt(value);
            const part = { value: left, day: byDays ? (returns ? (before?.day ?? day) : day) : null };
            const was = plain.goals(times, own);
            plain.parts.set(order, part);
            const now = plain.goals(times, own);
            const { lost, reached } = kept.set(order, part, returns ? null : challenge(times, ...own));
            assert.deepEqual(
              reached,
              now.filter(place => !was.includes(place)),
            );
            assert.deepEqual(lost.sort(), was.filter(place => !now.includes(place)).sort());
            assert.deepEqual(kept.given.map(placeOf).sort(), now.toSorted());
            assert.deepEqual(kept.set(order, part, challenge(times, ...own)), { lost: [], reached: [] });
          }
        },
      ),
      { numRuns: 10_000 },
    );
  });

test('goals of several rounds follow each other behind the last target', () => {
  const places = [...placesAt(challenge(3, 2, 5), 11n)];
  assert.deepEqual(
    places.map(({ round, goal, need }) => [round, goal, Number(need)]),
    [
      [0, 0, 2],
      [0, 1, 5],
      [1, 0, 7],
      [1, 1, 10],
    ],
  );
  assert.equal([...placesAt(challenge(1, 2, 5), 1_000n)].length, 2);
});

test('a version that asks for more does not give a goal again, and one that was given holds by what it asked for', () => {
  const given = [{ round: 0, goal: 0, need: 3n }];
  assert.deepEqual(settle(given, 5n, challenge(1, 5)), { lost: [], reached: [] });
  assert.deepEqual(settle(given, 4n, challenge(1, 5)), { lost: [], reached: [] });
  assert.deepEqual(settle(given, 2n, challenge(1, 5)), { lost: given, reached: [] });
});

test('a day counts once, and as long as anything of it is left', () => {
  const on = (day: number) => ({ value: 1n, day });
  let progress = replaced(replaced(NO_PROGRESS, null, on(1)), null, on(1));
  assert.equal(amountOf(progress), 1n);
  progress = replaced(progress, on(1), { value: 0n, day: 1 });
  assert.equal(amountOf(progress), 1n);
  assert.equal(amountOf(replaced(progress, on(1), on(2))), 1n);
  assert.equal(amountOf(replaced(progress, on(1), null)), 0n);
});
