import { IN_ORDER, type Ledger, type ProgramFacts } from './modules/ledger/index.ts';
import type { FallsDue, ProgramModule } from './modules/program/index.ts';
import type { Pool } from './platform/db/client.ts';

const PROGRAMS_A_PAGE = 1_000;

/** What is done when its time has come, for all programs by the scheduler, for a test program while its time passes. */
export interface Upkeep {
  /** Settles the wallets in which something has fallen due. */
  sweep(): Promise<void>;
  /** Publishes the reminders of points that are about to expire. */
  remind(): Promise<void>;
  /** The same of one program, in an order that does not depend on the steps in which its time passes. */
  pointsDue: FallsDue;
  /** Does something for all programs, as they are now, page by page. */
  forEachPage(work: (page: readonly ProgramFacts[]) => Promise<void>): Promise<void>;
  /** Does something for each program, one after the other. */
  forEachProgram(work: (id: number) => Promise<unknown>): Promise<void>;
}

export function createUpkeep(deps: { pool: Pool; ledger: Ledger; program: ProgramModule }): Upkeep {
  const { pool, ledger, program } = deps;
  const load = async (ids: readonly number[]): Promise<ProgramFacts[]> => [
    ...(await ledger.directory.programs(pool, ids)).values(),
  ];
  const one = async (id: number): Promise<ProgramFacts> => {
    const [found] = await load([id]);
    if (found === undefined) throw new Error(`program ${id} is gone`);
    return found;
  };
  async function* pages(): AsyncGenerator<ProgramFacts[]> {
    for (let after = 0; ; ) {
      const page = await program.list(after, null, PROGRAMS_A_PAGE);
      yield await load(page.map(({ id }) => id));
      if (page.length < PROGRAMS_A_PAGE) return;
      after = page.at(-1)?.id ?? after;
    }
  }
  return {
    async sweep() {
      for await (const page of pages()) await ledger.sweep(page);
    },
    async remind() {
      for await (const page of pages()) for (const own of page) await ledger.remind(own);
    },
    async forEachPage(work) {
      for await (const page of pages()) await work(page);
    },
    async forEachProgram(work) {
      for await (const page of pages()) for (const { id } of page) await work(id);
    },
    pointsDue: {
      next: async (id, until) => ledger.nextDue(await one(id), until),
      async run(id) {
        const own = await one(id);
        await ledger.sweep([own], IN_ORDER);
        await ledger.remind(own);
      },
    },
  };
}
