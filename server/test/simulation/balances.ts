import assert from 'node:assert/strict';
import type { TestEngine } from '../support/engine.ts';
import { balancesAt, type State } from './model.ts';

/** Compares every member's balances, read in both ways. */
export async function compareBalances(
  engine: TestEngine,
  program: string,
  state: State,
  steps: number,
): Promise<void> {
  const members = [...state.members.keys()];
  await Promise.all(
    members.map(async (member, place) => {
      const expiring = place * 2 === steps % (members.length * 2);
      const { status, body } = await engine.get(
        `/v1/members/ext:${member}/balances${expiring ? '?expiring=true' : ''}`,
        program,
      );
      const balances = balancesAt(state, member, state.now).map(({ expiring: dates, ...balance }) =>
        expiring ? { ...balance, expiring: dates } : balance,
      );
      assert.deepEqual(
        { status, balances: body['balances'] },
        { status: 200, balances },
        `the balances of ${member} in ${program}`,
      );
    }),
  );
}
