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

type Step = { add: number } | { take: number; more: number } | { end: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 6 }), more: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ end: fc.nat(3) }) },
);

test('however batches begin and end, a member is in one at a time, its commands keep their order, and none is lost', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), steps => {
      const turns = new Turns<{ command: Command }>();
      const under: { batch: { command: Command }[]; ended(): void }[] = [];
      const served = new Map<string, number[]>();
      let added = 0;
      const take = (few: number, most = few) => {
        const turn = turns.take(few, most);
        assert.ok(turn.batch.length <= most);
        const first = new Set(turn.batch.slice(0, few).map(each => each.command.member));
        assert.ok(turn.batch.every(each => first.has(each.command.member)));
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
        else if ('take' in each) take(each.take, each.take + each.more);
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

test('what else waits of the members of a batch goes with it: it could not go with another', () => {
  const turns = new Turns<{ command: Command }>();
  for (const [nr, member] of [1, 2, 1, 3, 1].entries()) turns.add({ command: command(member, nr) });
  const { batch } = turns.take(2, 5);
  assert.deepEqual(
    batch.map(each => each.command.body),
    [0, 1, 2, 4],
  );
  assert.equal(turns.length, 1);
});

test('what waited behind a batch comes before what its member sent later', () => {
  const turns = new Turns<{ command: Command }>();
  for (const [nr, member] of [1, 2].entries()) turns.add({ command: command(member, nr) });
  const first = turns.take(1);
  for (const [nr, member] of [1, 3, 1].entries()) turns.add({ command: command(member, nr + 2) });
  const bodies = (turn: { batch: { command: Command }[] }) => turn.batch.map(each => each.command.body);
  assert.deepEqual(bodies(turns.take(2)), [1, 3]);
  first.ended();
  assert.deepEqual(bodies(turns.take(2)), [2, 4]);
});
