import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../../ledger/index.ts';

/** A badge that a member is to be awarded by hand. */
export interface BadgeAwardBody {
  readonly externalId: string;
  readonly source: string;
  /** One of the program's badges. */
  readonly badge: string;
  readonly reason: string;
  /** The key that was used: `key_…`. */
  readonly awardedBy: string;
}

/** How somebody withdraws what was awarded by hand. */
export interface BadgeWithdrawalBody {
  readonly awardId: bigint;
  readonly externalId: string;
  readonly source: string;
  readonly reason: string;
  /** The key that was used: `key_…`. */
  readonly withdrawnBy: string;
}

/** An award, as stored. */
export interface BadgeAward extends BadgeAwardBody {
  readonly id: bigint;
  readonly programId: number;
  readonly memberId: number;
  /** The version that was in force. */
  readonly version: number;
  /** By the program's clock, epoch ms. */
  readonly awardedAt: number;
  /** Null where nobody has withdrawn it. */
  readonly withdrawal: {
    readonly id: bigint;
    readonly at: number;
    readonly reason: string;
    readonly withdrawnBy: string;
  } | null;
}

/** The withdrawal of an award, as stored. */
export interface BadgeWithdrawal extends BadgeWithdrawalBody {
  readonly id: bigint;
  readonly programId: number;
  /** By the program's clock, epoch ms. */
  readonly withdrawnAt: number;
  /** What it withdrew, with this withdrawal. */
  readonly award: BadgeAward;
}

/** Neither an award nor its withdrawal moves points. */
const NOTHING_POSTED: Posted = [];

const insert = statement(
  'earning_insert_badge_awards',
  `insert into earning.badge_awards (id, program_id, member_id, external_id, source, badge, program_version, reason, awarded_by, awarded_at)
   select * from ${unnested(
     1,
     `
     id bigint, program_id integer, member_id bigint, external_id text, source text, badge text,
     program_version integer, reason text, awarded_by text, awarded_at timestamptz`,
   )} as u`,
);

export async function insertBadgeAwards(tx: Tx, rows: readonly { stored: BadgeAward }[]): Promise<void> {
  const stored = rows.map(row => row.stored);
  await tx.run(insert, [
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.programId)),
    numbers(stored.map(row => row.memberId)),
    texts(stored.map(row => row.externalId)),
    texts(stored.map(row => row.source)),
    texts(stored.map(row => row.badge)),
    numbers(stored.map(row => row.version)),
    texts(stored.map(row => row.reason)),
    texts(stored.map(row => row.awardedBy)),
    instants(stored.map(row => row.awardedAt)),
  ]);
}

const insertWithdrawal = statement(
  'earning_insert_badge_withdrawals',
  `insert into earning.badge_withdrawals (id, award_id, program_id, external_id, source, reason, withdrawn_by, withdrawn_at)
   select * from ${unnested(
     1,
     `
     id bigint, award_id bigint, program_id integer, external_id text, source text, reason text,
     withdrawn_by text, withdrawn_at timestamptz`,
   )} as u`,
);

export async function insertBadgeWithdrawals(
  tx: Tx,
  rows: readonly { stored: BadgeWithdrawal }[],
): Promise<void> {
  const stored = rows.map(row => row.stored);
  await tx.run(insertWithdrawal, [
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.awardId)),
    numbers(stored.map(row => row.programId)),
    texts(stored.map(row => row.externalId)),
    texts(stored.map(row => row.source)),
    texts(stored.map(row => row.reason)),
    texts(stored.map(row => row.withdrawnBy)),
    instants(stored.map(row => row.withdrawnAt)),
  ]);
}

const COLUMNS = `a.id, a.program_id, a.member_id, a.external_id, a.source, a.badge, a.program_version, a.reason, a.awarded_by,
  a.awarded_at, w.id, w.withdrawn_at, w.reason, w.withdrawn_by`;
type Row = [
  id: bigint,
  programId: number,
  memberId: bigint,
  externalId: string,
  source: string,
  badge: string,
  version: number,
  reason: string,
  awardedBy: string,
  awardedAt: number,
  withdrawalId: bigint | null,
  withdrawnAt: number | null,
  withdrawnReason: string | null,
  withdrawnBy: string | null,
];

const asAward = (row: Row): BadgeAward => ({
  id: row[0],
  programId: row[1],
  memberId: Number(row[2]),
  externalId: row[3],
  source: row[4],
  badge: row[5],
  version: row[6],
  reason: row[7],
  awardedBy: row[8],
  awardedAt: row[9],
  withdrawal:
    row[10] === null
      ? null
      : { id: row[10], at: row[11] as number, reason: row[12] as string, withdrawnBy: row[13] as string },
});

const WITHDRAWN = 'left join earning.badge_withdrawals w on w.award_id = a.id';

const read = statement(
  'earning_badge_awards',
  `select ${COLUMNS} from ${unnested(1, 'id bigint')} as u join earning.badge_awards a on a.id = u.id ${WITHDRAWN}`,
);

/** What was awarded, as it was at first: whether it was withdrawn since is not part of the first answer. */
export async function findBadgeAwards(
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: BadgeAward; posted: Posted }>> {
  const rows = await tx.run<Row>(read, [numbers(ids)]);
  return new Map(
    rows.map(row => [row[0], { stored: { ...asAward(row), withdrawal: null }, posted: NOTHING_POSTED }]),
  );
}

const readWithdrawals = statement(
  'earning_badge_withdrawals',
  `select w.id, w.external_id, w.source, ${COLUMNS} from ${unnested(1, 'id bigint')} as u
   join earning.badge_withdrawals w on w.id = u.id join earning.badge_awards a on a.id = w.award_id`,
);

/** The withdrawals of these ids, with what they withdrew. */
export async function findBadgeWithdrawals(
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: BadgeWithdrawal; posted: Posted }>> {
  const rows = await tx.run<[bigint, string, string, ...Row]>(readWithdrawals, [numbers(ids)]);
  return new Map(
    rows.map(([id, externalId, source, ...row]) => {
      const award = asAward(row);
      const {
        at: withdrawnAt,
        reason,
        withdrawnBy,
      } = award.withdrawal as NonNullable<BadgeAward['withdrawal']>;
      const { id: awardId, programId } = award;
      const stored = {
        ...{ id, awardId, programId, externalId, source, reason, withdrawnBy, withdrawnAt, award },
      };
      return [id, { stored, posted: NOTHING_POSTED }];
    }),
  );
}

const readOf = statement(
  'earning_badge_awards_of',
  `select ${COLUMNS} from ${unnested(1, 'member_id bigint')} as u
   join earning.badge_awards a on a.member_id = u.member_id ${WITHDRAWN} order by a.id`,
);

/** Everything that these members were ever awarded by hand: nobody is in it who was awarded nothing. */
export async function badgeAwardsOf(tx: Tx, members: readonly number[]): Promise<Map<number, BadgeAward[]>> {
  if (members.length === 0) return new Map();
  const rows = await tx.run<Row>(readOf, [numbers(members)]);
  return Map.groupBy(rows.map(asAward), award => award.memberId);
}

const list = statement(
  'earning_list_badge_awards',
  `select ${COLUMNS} from earning.badge_awards a ${WITHDRAWN} where a.member_id = $1::bigint and a.id < $2::bigint
   order by a.id desc limit $3`,
);

/** The awards of a member before an id, newest first. */
export const listBadgeAwards = async (
  tx: Tx,
  memberId: number,
  before: bigint,
  limit: number,
): Promise<BadgeAward[]> => (await tx.run<Row>(list, [memberId, before, limit])).map(asAward);
