import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Command, Ledger, ProgramFacts } from '../ledger/index.ts';
import * as store from './list.store.ts';
import type { ListBody } from './lists.ts';
import type { MembersService } from './service.ts';

/** Members in one run of commands: the lanes mix them with the traffic, which does not wait for a whole upload. */
const SLICE = 1_000;

/** What a call to add or remove members did. */
export interface ListChange {
  changed: number;
  unchanged: number;
  /** The rows that name no member of the program. */
  unknown: number[];
}

export interface ListsDeps {
  members: MembersService;
  ledger: Ledger;
  pool: Pool;
}

export interface ListsService {
  find(programId: number, name: string): Promise<Outcome<store.List>>;
  /** The list of this name; made where there is none. In a dry run only shown as it would be. */
  make(programId: number, name: string, dryRun: boolean): Promise<Outcome<store.List>>;
  /** Adds members to a list or removes them, `mem_…` or `ext:ID`. */
  change(
    programId: number,
    list: store.List,
    members: readonly string[],
    how: { joins: boolean; at: number | null; dryRun: boolean },
  ): Promise<Outcome<ListChange>>;
  /** The program's clock, epoch ms. */
  now(programId: number): Promise<number>;
}

const notFound = (name: string): Outcome<never> =>
  refuse('list_not_found', `This program has no list ${name}.`);

export function createListsService({ ledger, pool }: ListsDeps): ListsService {
  const now = async (programId: number): Promise<number> => {
    const programs = await ledger.directory.programs(pool, [programId]);
    return (programs.get(programId) as ProgramFacts).now;
  };
  return {
    now,
    async find(programId, name) {
      const found = await store.find(pool, programId, name);
      return found === undefined ? notFound(name) : accept(found);
    },
    async make(programId, name, dryRun) {
      const found = await store.find(pool, programId, name);
      if (found !== undefined) return accept(found);
      const at = await now(programId);
      if (dryRun) return accept({ id: 0, name, members: 0, createdAt: at, changedAt: at });
      const made = await pool.transaction(tx => store.make(tx, programId, name, at));
      const list = made ?? (await store.find(pool, programId, name));
      return list === undefined
        ? refuse('too_many_lists', `A program has at most ${store.MAX_LISTS} lists.`)
        : accept(list);
    },
    async change(programId, list, members, { joins, at, dryRun }) {
      const change: ListChange = { changed: 0, unchanged: 0, unknown: [] };
      const body: ListBody = { listId: list.id, list: list.name, joins, at };
      const commands = members.map(
        (member): Command<ListBody> => ({ type: 'list', programId, member, key: null, payload: null, body }),
      );
      // A dry run sees the rows before each row only within one run.
      const size = dryRun ? commands.length : SLICE;
      for (let from = 0; from < commands.length; from += size) {
        const outcomes = await ledger.run<null>(commands.slice(from, from + size), dryRun);
        for (const [index, outcome] of outcomes.entries()) {
          if (outcome.ok) change[outcome.value.known ? 'unchanged' : 'changed'] += 1;
          else if (outcome.refusal.code === 'member_not_found') change.unknown.push(from + index);
          else
            return refuse(
              outcome.refusal.code,
              `${outcome.refusal.detail} Of this call ${change.changed} were added.`,
              { reasons: [{ code: outcome.refusal.code, added: change.changed }] },
            );
        }
      }
      return accept(change);
    },
  };
}
