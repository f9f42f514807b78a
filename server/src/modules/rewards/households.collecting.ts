import type { Pool } from '#platform/db/client.ts';
import { wireId } from '#platform/ids.ts';
import type { Command, Ledger } from '../ledger/index.ts';
import { membersOf } from './households.store.ts';
import { inForce } from './in-force.ts';
import type { TransferBody } from './transfers.store.ts';
import type { TransferAnswer } from './transfers.ts';

/** How many members one step looks at. */
const STEP = 500;

const idOf = (member: number): string => wireId('mem', BigInt(member));

/**
 * Moves what members can spend into the wallets of their households, where the program says that this happens by itself;
 * gives how many transfers that took. In bounded steps; ended half way it can be run again, and run twice it finds nothing.
 */
export const collector =
  ({ ledger, pool }: { ledger: Ledger; pool: Pool }) =>
  async (programId: number): Promise<number> => {
    const program = (await ledger.directory.programs(pool, [programId])).get(programId);
    if (program === undefined || inForce(program).households?.automatic !== true) return 0;
    const units = [...inForce(program).units.values()].filter(({ redeemable }) => redeemable);
    let moved = 0;
    for (let after = -1; ; ) {
      const page = await membersOf(pool, programId, after, STEP);
      const balances = await Promise.all(
        page.map(({ member }) => ledger.balances.now(programId, idOf(member))),
      );
      const commands = page.flatMap(({ member, household }, index) => {
        const own = balances[index];
        return units
          .filter(({ number }) => own?.ok === true && (own.value.wallets[number]?.available ?? 0n) > 0n)
          .map(({ name }) => contribution(programId, member, household, name));
      });
      const outcomes = await ledger.run<TransferAnswer>(commands);
      moved += outcomes.filter(outcome => outcome.ok && !outcome.value.known).length;
      if (page.length < STEP) return moved;
      after = page.at(-1)?.member ?? after;
    }
  };

/** All of a unit, from a member into the household. Idempotent by nature: it has no key. */
function contribution(
  programId: number,
  member: number,
  household: number,
  unit: string,
): Command<TransferBody> {
  const body = { externalId: null, source: 'households', unit, points: null, reason: null };
  return {
    type: 'transfer',
    programId,
    member: idOf(member),
    counterpart: idOf(household),
    key: null,
    payload: null,
    body,
  };
}
