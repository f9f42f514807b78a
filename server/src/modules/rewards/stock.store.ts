import { type Column, instants, numbers, texts } from '#platform/db/arrays.ts';
import { numbered, statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Lapsed, Shard } from './stock.ts';

/** A stock by its name: `reward:ID` or `pool:NAME`. */
export interface Item {
  readonly programId: number;
  readonly item: string;
}

const items = (list: readonly Item[]): Column[] => [
  numbers(list.map(each => each.programId)),
  texts(list.map(each => each.item)),
];

const readShards = statement(
  'rewards_stock',
  `select u.nr::integer, s.shard, s.version, s.granted, s.remaining, pg_backend_pid()
   from ${numbered(1, 'program_id integer, item text')} as u
   join rewards.stock s on s.program_id = u.program_id and s.item = u.item order by u.nr, s.shard`,
);

/** The parts of these stocks by place in the list, unlocked, and the number of the session that reads. */
export async function read(
  tx: Tx,
  wanted: readonly Item[],
): Promise<{ shards: Map<number, Shard[]>; session: number }> {
  const rows = await tx.run<[number, number, number, number, number, number]>(readShards, items(wanted));
  const shards = new Map<number, Shard[]>();
  for (const [nr, shard, version, granted, remaining] of rows) {
    const own = shards.get(nr - 1) ?? [];
    own.push({ shard, version, granted, remaining });
    shards.set(nr - 1, own);
  }
  return { shards, session: rows[0]?.[5] ?? 0 };
}

const lockShards = statement(
  'rewards_lock_stock',
  `select s.program_id, s.item, s.shard, s.version, s.granted, s.remaining
   from ${unnested(1, 'program_id integer, item text, shard smallint')} as u
   join rewards.stock s on s.program_id = u.program_id and s.item = u.item and s.shard = u.shard
   order by s.program_id, s.item collate "C", s.shard for update of s`,
);

/** Locks parts to the end of the transaction, in one order everywhere, and reads them as the last holder left them. */
export async function lock(
  tx: Tx,
  wanted: readonly (Item & { shard: number })[],
): Promise<(Item & { shard: Shard })[]> {
  const rows = await tx.run<[number, string, number, number, number, number]>(lockShards, [
    ...items(wanted),
    numbers(wanted.map(each => each.shard)),
  ]);
  return rows.map(([programId, item, shard, version, granted, remaining]) => ({
    programId,
    item,
    shard: { shard, version, granted, remaining },
  }));
}

const makeShards = statement(
  'rewards_make_stock',
  `insert into rewards.stock (program_id, item, shard, version, granted, remaining)
   select u.program_id, u.item, s.shard, 0, 0, 0
   from ${unnested(1, 'program_id integer, item text')} as u cross join generate_series(0, $3::integer - 1) s(shard)
   order by 1, u.item collate "C", 3 on conflict do nothing`,
);

/** Makes the empty parts of stocks that nobody has used yet. */
export const make = async (tx: Tx, wanted: readonly Item[], shards: number): Promise<void> =>
  void (await tx.run(makeShards, [...items(wanted), shards]));

const fillShards = statement(
  'rewards_fill_stock',
  `update rewards.stock s set version = u.version, remaining = u.remaining
   from ${unnested(1, 'program_id integer, item text, shard smallint, version integer, remaining integer')} as u
   where s.program_id = u.program_id and s.item = u.item and s.shard = u.shard`,
);

/** Writes parts that were shared out anew and are all locked. */
export const fill = async (tx: Tx, shared: readonly (Item & { shard: Shard })[]): Promise<void> =>
  void (await tx.run(fillShards, [
    ...items(shared),
    numbers(shared.map(({ shard }) => shard.shard)),
    numbers(shared.map(({ shard }) => shard.version)),
    numbers(shared.map(({ shard }) => shard.remaining)),
  ]));

const moveShards = statement(
  'rewards_move_stock',
  `update rewards.stock s set remaining = s.remaining + u.change, granted = s.granted - u.change
   from ${unnested(1, 'program_id integer, item text, shard smallint, change integer')} as u
   where s.program_id = u.program_id and s.item = u.item and s.shard = u.shard`,
);

export interface Move extends Item {
  readonly shard: number;
  /** How many units come back; negative: go. */
  readonly change: number;
}

/** Takes from parts and gives back to them, all of which are locked. */
export async function move(tx: Tx, moves: readonly Move[]): Promise<void> {
  const sums = new Map<string, Move>();
  for (const each of moves) {
    const name = `${each.programId}:${each.item}:${each.shard}`;
    sums.set(name, { ...each, change: (sums.get(name)?.change ?? 0) + each.change });
  }
  const changed = [...sums.values()].filter(each => each.change !== 0);
  if (changed.length === 0) return;
  await tx.run(moveShards, [
    ...items(changed),
    numbers(changed.map(each => each.shard)),
    numbers(changed.map(each => each.change)),
  ]);
}

const readLapsed = (name: string, lock: string) =>
  statement(
    name,
    `select u.nr::integer, r.id, r.stock_shard, r.hold_expires_at
     from ${numbered(1, 'program_id integer, item text, now timestamptz, most integer')} as u
     cross join lateral (
       select r.id, r.stock_shard, r.hold_expires_at from rewards.redemptions r
       where r.program_id = u.program_id and r.stock_item = u.item and r.state = 'held' and not r.released
         and r.hold_expires_at <= u.now
       order by r.hold_expires_at limit u.most ${lock}
     ) r`,
  );
const lapsedHolds = readLapsed('rewards_lapsed', '');
const lockLapsed = readLapsed('rewards_lock_lapsed', 'for update skip locked');

/** Holds that have ended and still count as taken, at most `most` of each stock; what another batch has in hand is left out. */
export async function lapsed(
  tx: Tx,
  wanted: readonly (Item & { now: number; most: number })[],
  write: boolean,
): Promise<Map<number, Lapsed[]>> {
  const rows = await tx.run<[number, bigint, number, number]>(write ? lockLapsed : lapsedHolds, [
    ...items(wanted),
    instants(wanted.map(each => each.now)),
    numbers(wanted.map(each => each.most)),
  ]);
  const found = new Map<number, Lapsed[]>();
  for (const [nr, id, shard, endedAt] of rows) {
    const own = found.get(nr - 1) ?? [];
    own.push({ id, shard, endedAt });
    found.set(nr - 1, own);
  }
  return found;
}

const countLapsed = statement(
  'rewards_count_lapsed',
  `select u.nr::integer, count(*)::integer
   from ${numbered(1, 'program_id integer, item text, now timestamptz')} as u
   join rewards.redemptions r on r.program_id = u.program_id and r.stock_item = u.item and r.state = 'held' and not r.released
     and r.hold_expires_at <= u.now group by u.nr`,
);

/** How many holds have ended and still count as taken, by place in the list. */
export const lapsedCounts = async (
  tx: Tx,
  wanted: readonly (Item & { now: number })[],
): Promise<Map<number, number>> =>
  new Map(
    (
      await tx.run<[number, number]>(countLapsed, [...items(wanted), instants(wanted.map(each => each.now))])
    ).map(([nr, count]) => [nr - 1, count]),
  );

const releaseLapsed = statement(
  'rewards_release_lapsed',
  'update rewards.redemptions set released = true where id = any($1::bigint[])',
);

/** Notes that the units of ended holds were taken over. */
export const release = async (tx: Tx, ids: readonly bigint[]): Promise<void> =>
  void (await tx.run(releaseLapsed, [numbers(ids)]));
