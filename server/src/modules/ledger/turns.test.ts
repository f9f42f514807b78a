import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Command } from './commands.ts';
import { Turns } from './turns.ts';

const command = (member: number, nr: number): Command => ({
  type: 'note',
  programId: 1,
  member: `ext:${member}`,
  key: null,
  payload: null,
  body: nr,
});

type Step = { add: number } | { take: number } | { end: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ end: fc.nat(3) }) },
);

test('however batches begin and end, a member is in one at a time, its commands keep their order, and none is lost', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), steps => {
      const turns = new Turns<{ command: Command }>();
      const under: { batch: { command: Command }[]; ended(): void }[] = [];
      const served = new Map<string, number[]>();
      let added = 0;
      const take = (most: number) => {
        const turn = turns.take(most);
        assert.ok(turn.batch.length <= most);
        if (turn.batch.length === 0) return;
        const busy = new Set(under.flatMap(({ batch }) => batch.map(each => each.command.member)));
        for (const { command } of turn.batch) {
          assert.ok(!busy.has(command.member), 'a member is in two batches');
          served.set(command.member, [...(served.get(command.member) ?? []), command.body as number]);
        }
        under.push(turn);
      };
      for (const each of steps) {
        if ('add' in each) turns.add({ command: command(each.add, added++) });
        else if ('take' in each) take(each.take);
        else under.splice(each.end, 1)[0]?.ended();
      }
      while (under.length > 0 || turns.length > 0) {
        if (turns.length > 0) take(3);
        under.shift()?.ended();
      }
      const all = [...served.values()];
      assert.equal(all.flat().length, added);
      for (const own of all)
        assert.deepEqual(
          own,
          own.toSorted((a, b) => a - b),
        );
    }),
    { numRuns: 500 },
  );
});
