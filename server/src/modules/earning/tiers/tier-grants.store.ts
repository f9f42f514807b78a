import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../../ledger/index.ts';
import { markTiers } from './tier-marks.store.ts';

/** A level that a member is to be given by hand. */
export interface TierGrantBody {
  readonly externalId: string;
  readonly source: string;
  /** One of the program's levels. */
  readonly tier: string;
  /** Null: from now on. */
  readonly from: number | null;
  /** Null: for good, or until somebody ends it. */
  readonly until: number | null;
  readonly reason: string;
  /** The key that was used: `key_…`. */
  readonly grantedBy: string;
}

/** How somebody ends a grant. */
export interface TierGrantEndBody {
  readonly grantId: bigint;
  readonly externalId: string;
  readonly source: string;
  readonly reason: string;
  /** The key that was used: `key_…`. */
  readonly endedBy: string;
}

/** A grant, as stored. */
export interface TierGrant extends Omit<TierGrantBody, 'from'> {
  readonly id: bigint;
  readonly programId: number;
  readonly memberId: number;
  /** The order for which a campaign gave it; null: somebody gave it by hand. */
  readonly orderId: bigint | null;
  readonly from: number;
  /** By the program's clock, epoch ms. */
  readonly grantedAt: number;
  /** Null where nobody has ended it. */
  readonly end: {
    readonly id: bigint;
    readonly at: number;
    readonly reason: string;
    readonly endedBy: string;
  } | null;
}

/** The end of a grant, as stored. */
export interface TierGrantEnd extends TierGrantEndBody {
  readonly id: bigint;
  readonly programId: number;
  /** By the program's clock, epoch ms. */
  readonly endedAt: number;
  /** What it ended, with this end. */
  readonly grant: TierGrant;
}

/** Neither a grant nor its end moves points. */
const NOTHING_POSTED: Posted = [];

const insert = statement(
  'earning_insert_tier_grants',
  `insert into earning.tier_grants (id, program_id, member_id, external_id, source, tier, valid_from, valid_until, reason, granted_by, granted_at,
     order_id)
   select * from ${unnested(
     1,
     `
     id bigint, program_id integer, member_id bigint, external_id text, source text, tier text,
     valid_from timestamptz, valid_until timestamptz, reason text, granted_by text, granted_at timestamptz,
     order_id bigint`,
   )} as u`,
);

/** Writes grants, and marks their members from when they begin. */
export async function insertTierGrants(tx: Tx, rows: readonly { stored: TierGrant }[]): Promise<void> {
  const stored = rows.map(row => row.stored);
  const marks = stored.map(({ programId, memberId, from }) => ({
    programId,
    memberId,
    at: from,
    happenedAt: from,
  }));
  const marked = markTiers(tx, marks);
  await tx.run(insert, [
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.programId)),
    numbers(stored.map(row => row.memberId)),
    texts(stored.map(row => row.externalId)),
    texts(stored.map(row => row.source)),
    texts(stored.map(row => row.tier)),
    instants(stored.map(row => row.from)),
    instants(stored.map(row => row.until)),
    texts(stored.map(row => row.reason)),
    texts(stored.map(row => row.grantedBy)),
    instants(stored.map(row => row.grantedAt)),
    numbers(stored.map(row => row.orderId)),
  ]);
  await marked;
}

const insertEnd = statement(
  'earning_insert_tier_grant_ends',
  `insert into earning.tier_grant_ends (id, grant_id, program_id, external_id, source, reason, ended_by, ended_at)
   select * from ${unnested(
     1,
     `
     id bigint, grant_id bigint, program_id integer, external_id text, source text, reason text,
     ended_by text, ended_at timestamptz`,
   )} as u`,
);

/** Writes the ends of grants, and marks their members. */
export async function insertTierGrantEnds(tx: Tx, rows: readonly { stored: TierGrantEnd }[]): Promise<void> {
  const stored = rows.map(row => row.stored);
  const marks = stored.map(({ programId, grant, endedAt }) => ({
    programId,
    memberId: grant.memberId,
    at: endedAt,
    happenedAt: endedAt,
  }));
  const marked = markTiers(tx, marks);
  await tx.run(insertEnd, [
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.grantId)),
    numbers(stored.map(row => row.programId)),
    texts(stored.map(row => row.externalId)),
    texts(stored.map(row => row.source)),
    texts(stored.map(row => row.reason)),
    texts(stored.map(row => row.endedBy)),
    instants(stored.map(row => row.endedAt)),
  ]);
  await marked;
}

const COLUMNS = `g.id, g.program_id, g.member_id, g.external_id, g.source, g.tier, g.valid_from, g.valid_until, g.reason, g.granted_by,
  g.granted_at, e.id, e.ended_at, e.reason, e.ended_by, g.order_id`;
type Row = [
  id: bigint,
  programId: number,
  memberId: bigint,
  externalId: string,
  source: string,
  tier: string,
  from: number,
  until: number | null,
  reason: string,
  grantedBy: string,
  grantedAt: number,
  endId: bigint | null,
  endedAt: number | null,
  endReason: string | null,
  endedBy: string | null,
  orderId: bigint | null,
];

const asGrant = ([
  id,
  programId,
  memberId,
  externalId,
  source,
  tier,
  from,
  until,
  reason,
  grantedBy,
  grantedAt,
  endId,
  endedAt,
  endReason,
  endedBy,
  orderId,
]: Row): TierGrant => ({
  id,
  programId,
  memberId: Number(memberId),
  orderId,
  externalId,
  source,
  tier,
  from,
  until,
  reason,
  grantedBy,
  grantedAt,
  end:
    endId === null
      ? null
      : { id: endId, at: endedAt as number, reason: endReason as string, endedBy: endedBy as string },
});

const ENDED = 'left join earning.tier_grant_ends e on e.grant_id = g.id';

const read = statement(
  'earning_tier_grants',
  `select ${COLUMNS} from ${unnested(1, 'id bigint')} as u join earning.tier_grants g on g.id = u.id ${ENDED}`,
);

/** What was granted, as it was at first: whether it has ended since is not part of the first answer. */
export async function findTierGrants(
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: TierGrant; posted: Posted }>> {
  const rows = await tx.run<Row>(read, [numbers(ids)]);
  return new Map(
    rows.map(row => [row[0], { stored: { ...asGrant(row), end: null }, posted: NOTHING_POSTED }]),
  );
}

const readEnds = statement(
  'earning_tier_grant_ends',
  `select e.id, e.external_id, e.source, ${COLUMNS}
   from ${unnested(
     1,
     `
     id bigint`,
   )} as u join earning.tier_grant_ends e on e.id = u.id join earning.tier_grants g on g.id = e.grant_id`,
);

/** The ends of these ids, with what they ended. */
export async function findTierGrantEnds(
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: TierGrantEnd; posted: Posted }>> {
  const rows = await tx.run<[bigint, string, string, ...Row]>(readEnds, [numbers(ids)]);
  return new Map(
    rows.map(([id, externalId, source, ...row]) => {
      const grant = asGrant(row);
      const { at, reason, endedBy } = grant.end as NonNullable<TierGrant['end']>;
      const { id: grantId, programId } = grant;
      const stored = { id, grantId, programId, externalId, source, reason, endedBy, endedAt: at, grant };
      return [id, { stored, posted: NOTHING_POSTED }];
    }),
  );
}

const readOf = statement(
  'earning_tier_grants_of',
  `select ${COLUMNS} from ${unnested(1, 'member_id bigint')} as u join earning.tier_grants g on g.member_id = u.member_id ${ENDED}
   order by g.id`,
);

/** Everything that these members were ever granted: nobody is in it who was granted nothing. */
export async function tierGrantsOf(tx: Tx, members: readonly number[]): Promise<Map<number, TierGrant[]>> {
  if (members.length === 0) return new Map();
  const rows = await tx.run<Row>(readOf, [numbers(members)]);
  return Map.groupBy(rows.map(asGrant), grant => grant.memberId);
}

const list = statement(
  'earning_list_tier_grants',
  `select ${COLUMNS} from earning.tier_grants g ${ENDED} where g.member_id = $1::bigint and g.id < $2::bigint
   order by g.id desc limit $3`,
);

/** The grants of a member before an id, newest first. */
export const listTierGrants = async (
  tx: Tx,
  memberId: number,
  before: bigint,
  limit: number,
): Promise<TierGrant[]> => (await tx.run<Row>(list, [memberId, before, limit])).map(asGrant);
