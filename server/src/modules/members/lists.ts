import type { Tx } from '#platform/db/client.ts';
import { accept, refuse } from '#platform/errors.ts';
import type { Around, Command, CommandType } from '../ledger/index.ts';
import * as store from './list.store.ts';

/** How many members a list may have. */
export const MAX_LIST = 1_000_000;

/** Puts a member on a list, or takes it off. */
export interface ListBody {
  /** 0 in a dry run for a list that does not exist yet. */
  readonly listId: number;
  readonly list: string;
  readonly joins: boolean;
  /** Epoch ms; null: now. */
  readonly at: number | null;
}

/** Who of a batch's members is on which of its lists. */
interface ListFacts {
  /** By `listKey`. */
  readonly open: Map<string, { joinedBy: bigint; joinedAt: number }>;
  /** How many members each list has. */
  readonly sizes: Map<number, number>;
}

const listKey = (listId: number, memberId: number): string => `${listId} ${memberId}`;

async function load(
  tx: Tx,
  commands: readonly Command<ListBody>[],
  _known: readonly bigint[],
  { holders }: Around,
): Promise<ListFacts> {
  const asked = commands.flatMap(({ body: { listId } }, index) => {
    const holder = holders[index];
    return holder === undefined ? [] : [{ listId, memberId: holder.id }];
  });
  const [open, sizes] = await Promise.all([
    store.openMemberships(tx, asked),
    store.sizes(tx, [...new Set(commands.map(({ body }) => body.listId))]),
  ]);
  return {
    open: new Map(open.map(row => [listKey(row.listId, row.memberId), row])),
    sizes,
  };
}

/**
 * `list`: a member joins or leaves a list. Who is on it already, or is not, stays so: idempotent by nature, no key. A
 * member's place on lists changes under the member's lock, so that a decision about the member came before it or after.
 */
export const listType: CommandType<ListBody, ListFacts, store.Membership, null> = {
  name: 'list',
  amends: false,
  enrols: () => false,
  needsLots: () => false,
  admit: () => undefined,
  load,
  decide({ body: { listId, list, joins, at: given } }, facts, { program, holder, id }) {
    const at = given ?? program.now;
    const open = facts.open.get(listKey(listId, holder.id));
    const record = { id, listId, memberId: holder.id, joins, at, closes: open?.joinedBy ?? null };
    // What was done after the instant of an upload is newer than the upload.
    const isSo = joins ? open !== undefined : open === undefined || open.joinedAt > at;
    if (isSo) return accept({ repeats: record, entries: [] });
    if (joins && (facts.sizes.get(listId) ?? 0) >= MAX_LIST)
      return refuse('list_full', `The list ${list} has ${MAX_LIST} members, and that is the most.`);
    return accept({
      record,
      drafts: [],
      fact: { type: joins ? 'member.list_joined' : 'member.list_left', occurredAt: at, data: { list } },
    });
  },
  evolve(facts, { id, listId, memberId, joins, at }) {
    const key = listKey(listId, memberId);
    if (joins) facts.open.set(key, { joinedBy: id, joinedAt: at });
    else facts.open.delete(key);
    facts.sizes.set(listId, (facts.sizes.get(listId) ?? 0) + (joins ? 1 : -1));
  },
  store: (tx, decisions) =>
    store.writeMemberships(
      tx,
      decisions.map(({ stored }) => stored),
    ),
  find: () => Promise.resolve(new Map()),
  differences: () => [],
  answer: () => null,
};
