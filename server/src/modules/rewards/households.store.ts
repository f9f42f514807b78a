import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../ledger/index.ts';
import { markHouseholds } from '../members/index.ts';

/** A member that is a pool. */
export interface Household {
  id: bigint;
  memberId: number;
  programId: number;
  createdAt: number;
}

/** A person joined a household or left it. */
export interface HouseholdChange {
  id: bigint;
  memberId: number;
  /** The how-manieth of the person, from 1. */
  nr: number;
  programId: number;
  householdId: number;
  kind: 'join' | 'leave';
  at: number;
  /** `households@version` by which it was decided. */
  rule: string | null;
  /** By the number of the unit. */
  givenBack: readonly (readonly [unit: number, points: string])[];
}

export interface StoredChange {
  stored: HouseholdChange;
  posted: Posted;
}

const insertHousehold = statement(
  'rewards_insert_households',
  `insert into rewards.households (id, program_id, created_at)
   select * from ${unnested(1, 'id bigint, program_id integer, created_at timestamptz')} as u`,
);

export async function insertHouseholds(tx: Tx, rows: readonly { stored: Household }[]): Promise<void> {
  const stored = rows.map(row => row.stored);
  await Promise.all([
    tx.run(insertHousehold, [
      numbers(stored.map(row => row.memberId)),
      numbers(stored.map(row => row.programId)),
      instants(stored.map(row => row.createdAt)),
    ]),
    markHouseholds(tx, stored),
  ]);
}

const which = statement(
  'rewards_which_households',
  'select id from rewards.households where id = any($1::bigint[])',
);

/** Which of these members are households. */
export const householdsAmong = async (tx: Tx, members: readonly number[]): Promise<Set<number>> =>
  new Set((await tx.run<[bigint]>(which, [numbers(members)])).map(([id]) => Number(id)));

const insertChange = statement(
  'rewards_insert_household_changes',
  `insert into rewards.household_changes (member_id, nr, id, program_id, household_id, kind, at, rule, given_back, posted)
   select u.member_id, u.nr, u.id, u.program_id, u.household_id, u.kind, u.at, u.rule, u.given_back::jsonb, u.posted::jsonb
   from ${unnested(
     1,
     `
     member_id bigint, nr integer, id bigint, program_id integer, household_id bigint, kind text,
     at timestamptz, rule text, given_back text, posted text`,
   )} as u`,
);

export async function insertChanges(tx: Tx, rows: readonly StoredChange[]): Promise<void> {
  const stored = rows.map(row => row.stored);
  await tx.run(insertChange, [
    numbers(stored.map(row => row.memberId)),
    numbers(stored.map(row => row.nr)),
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.programId)),
    numbers(stored.map(row => row.householdId)),
    texts(stored.map(row => row.kind)),
    instants(stored.map(row => row.at)),
    texts(stored.map(row => row.rule)),
    texts(stored.map(row => JSON.stringify(row.givenBack))),
    texts(rows.map(row => JSON.stringify(row.posted))),
  ]);
}

const CHANGE =
  'c.member_id, c.nr, c.id, c.program_id, c.household_id, c.kind, c.at, c.rule, c.given_back, c.posted';
type Row = [
  bigint,
  number,
  bigint,
  number,
  bigint,
  'join' | 'leave',
  number,
  string | null,
  [number, string][],
  Posted,
];

const asChange = ([
  memberId,
  nr,
  id,
  programId,
  householdId,
  kind,
  at,
  rule,
  givenBack,
  posted,
]: Row): StoredChange => {
  const who = { memberId: Number(memberId), householdId: Number(householdId) };
  return { stored: { ...who, id, nr, programId, kind, at, rule, givenBack }, posted };
};

const readLast = statement(
  'rewards_last_household_changes',
  `select distinct on (c.member_id) ${CHANGE} from rewards.household_changes c
   where c.member_id = any($1::bigint[]) order by c.member_id, c.nr desc`,
);

/** The last change of each of these persons: where they are now. */
export const lastChanges = async (tx: Tx, members: readonly number[]): Promise<StoredChange[]> =>
  (await tx.run<Row>(readLast, [numbers(members)])).map(asChange);

const readChange = statement(
  'rewards_household_changes',
  `select ${CHANGE} from rewards.household_changes c where c.id = any($1::bigint[])`,
);

export const changesById = async (tx: Tx, ids: readonly bigint[]): Promise<Map<bigint, StoredChange>> =>
  new Map(
    (await tx.run<Row>(readChange, [numbers(ids)])).map(asChange).map(change => [change.stored.id, change]),
  );

const readOf = statement(
  'rewards_changes_of_household',
  `select ${CHANGE} from rewards.household_changes c where c.household_id = $1 order by c.member_id, c.nr`,
);

/** Everything that happened to the membership of a household, each person's in order. */
export const changesOf = async (tx: Tx, household: number): Promise<HouseholdChange[]> =>
  (await tx.run<Row>(readOf, [household])).map(row => asChange(row).stored);

const countNow = statement(
  'rewards_count_household_members',
  `select l.household_id, count(*)::integer from (
     select distinct on (c.member_id) c.household_id, c.kind from rewards.household_changes c
     where c.member_id in (select o.member_id from rewards.household_changes o where o.household_id = any($1::bigint[]))
     order by c.member_id, c.nr desc) l
   where l.kind = 'join' and l.household_id = any($1::bigint[]) group by l.household_id`,
);

/** How many persons each of these households has now. */
export const sizesOf = async (tx: Tx, households: readonly number[]): Promise<Map<number, number>> =>
  new Map(
    (await tx.run<[bigint, number]>(countNow, [numbers(households)])).map(([id, count]) => [
      Number(id),
      count,
    ]),
  );

const readContributions = statement(
  'rewards_contributions',
  `select t.to_id, t.from_id, t.unit::integer, t.points, t.posted from rewards.transfers t
   where t.to_id = any($1::bigint[]) and t.kind = 'contribution'`,
);

export interface Contribution {
  household: number;
  member: number;
  unit: number;
  points: bigint;
  posted: Posted;
}

/** All points that were ever contributed to these households. */
export const contributionsTo = async (tx: Tx, households: readonly number[]): Promise<Contribution[]> =>
  (await tx.run<[bigint, bigint, number, bigint, Posted]>(readContributions, [numbers(households)])).map(
    ([household, member, unit, points, posted]) => ({
      household: Number(household),
      member: Number(member),
      unit,
      points,
      posted,
    }),
  );

const readMembers = statement(
  'rewards_members_of_households',
  `select l.member_id, l.household_id from (
     select distinct on (c.member_id) c.member_id, c.household_id, c.kind from rewards.household_changes c
     where c.program_id = $1 and c.member_id > $2 order by c.member_id, c.nr desc) l
   where l.kind = 'join' order by l.member_id limit $3`,
);

/** Persons who are in a household of the program now, after `after` in the order of their numbers. */
export const membersOf = async (
  tx: Tx,
  programId: number,
  after: number,
  limit: number,
): Promise<{ member: number; household: number }[]> =>
  (await tx.run<[bigint, bigint]>(readMembers, [programId, after, limit])).map(([member, household]) => ({
    member: Number(member),
    household: Number(household),
  }));
