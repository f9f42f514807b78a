import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../../ledger/index.ts';

/** Who brought whom, as it was sent. */
export interface ReferralBody {
  readonly externalId: string;
  readonly source: string;
  readonly referrerId: number;
  readonly occurredAt: number;
}

export interface StoredReferral extends ReferralBody {
  readonly id: bigint;
  readonly programId: number;
  readonly friendId: number;
  readonly payload: string;
  readonly programVersion: number;
}

export type Step = 'qualified' | 'revoked';

/** What an order of the friend did to a referral. */
export interface ReferralStep {
  readonly referralId: bigint;
  readonly step: Step;
  readonly orderId: bigint;
  readonly friendId: number;
  readonly occurredAt: number;
}

/** A referral with what happened to it. */
export interface ReferralState extends StoredReferral {
  /** The order that qualified it; null: none has. */
  readonly orderId: bigint | null;
  /** When it did, epoch ms. */
  readonly qualifiedAt: number | null;
  readonly isRevoked: boolean;
}

const insert = statement(
  'earning_insert_referrals',
  `insert into earning.referrals (id, program_id, referrer_id, friend_id, external_id, source, payload, occurred_at, program_version)
   select * from ${unnested(
     1,
     `
     id bigint, program_id integer, referrer_id bigint, friend_id bigint, external_id text, source text,
     payload uuid, occurred_at timestamptz, program_version integer`,
   )} as u`,
);

export async function insertReferrals(tx: Tx, rows: readonly StoredReferral[]): Promise<void> {
  await tx.run(insert, [
    numbers(rows.map(row => row.id)),
    numbers(rows.map(row => row.programId)),
    numbers(rows.map(row => row.referrerId)),
    numbers(rows.map(row => row.friendId)),
    texts(rows.map(row => row.externalId)),
    texts(rows.map(row => row.source)),
    texts(rows.map(row => row.payload)),
    instants(rows.map(row => row.occurredAt)),
    numbers(rows.map(row => row.programVersion)),
  ]);
}

export const REFERRAL = `r.id, r.program_id, r.referrer_id, r.friend_id, r.external_id, r.source, r.payload::text, r.occurred_at,
  r.program_version, q.order_id, q.occurred_at, v.step is not null`;
export const REFERRAL_STEPS = `left join earning.referral_steps q on q.referral_id = r.id and q.step = 'qualified'
   left join earning.referral_steps v on v.referral_id = r.id and v.step = 'revoked'`;
const readByFriend = statement(
  'earning_referrals_of_friends',
  `select ${REFERRAL} from ${unnested(1, 'id bigint')} as u join earning.referrals r on r.friend_id = u.id ${REFERRAL_STEPS}`,
);
const readById = statement(
  'earning_referrals',
  `select ${REFERRAL} from ${unnested(1, 'id bigint')} as u join earning.referrals r on r.id = u.id ${REFERRAL_STEPS}`,
);
export type ReferralRow = [
  bigint,
  number,
  bigint,
  bigint,
  string,
  string,
  string,
  number,
  number,
  bigint | null,
  number | null,
  boolean,
];

export const asReferral = ([
  id,
  programId,
  referrer,
  friend,
  externalId,
  source,
  payload,
  ...rest
]: ReferralRow) => {
  const [occurredAt, programVersion, orderId, qualifiedAt, isRevoked] = rest;
  return {
    ...{ id, programId, externalId, source, occurredAt, programVersion, orderId, qualifiedAt, isRevoked },
    referrerId: Number(referrer),
    friendId: Number(friend),
    payload: payload.replaceAll('-', ''),
  };
};

/** The referrals by which these members came. */
export const referralsOfFriends = async (tx: Tx, friends: readonly number[]): Promise<ReferralState[]> =>
  (await tx.run<ReferralRow>(readByFriend, [numbers(friends)])).map(asReferral);

export const referralsById = async (tx: Tx, ids: readonly bigint[]): Promise<ReferralState[]> =>
  (await tx.run<ReferralRow>(readById, [numbers(ids)])).map(asReferral);

const lock = statement(
  'earning_lock_referrals',
  `select pg_advisory_xact_lock(hashtext('earning.referrals'), p.id) from ${unnested(1, 'id integer')} as p`,
);

/** Who waits here decides on referrals of these programs alone: a ring can be closed from both sides at once. */
export const lockReferrals = (tx: Tx, programs: readonly number[]): Promise<unknown> =>
  tx.run(lock, [numbers([...new Set(programs)].sort((a, b) => a - b))]);

const readAbove = statement(
  'earning_referrers',
  `with recursive above(friend_id, referrer_id) as (
     select r.friend_id, r.referrer_id from ${unnested(1, 'id bigint')} as u join earning.referrals r on r.friend_id = u.id
     union
     select r.friend_id, r.referrer_id from above a join earning.referrals r on r.friend_id = a.referrer_id
   ) select friend_id, referrer_id from above`,
);

/** Who brought these members, who brought those, and so on. */
export async function referrersAbove(tx: Tx, members: readonly number[]): Promise<Map<number, number>> {
  const rows = await tx.run<[bigint, bigint]>(readAbove, [numbers(members)]);
  return new Map(rows.map(([friend, referrer]) => [Number(friend), Number(referrer)]));
}

const insertStep = statement(
  'earning_insert_referral_steps',
  `insert into earning.referral_steps (referral_id, step, order_id, occurred_at)
   select * from ${unnested(1, 'referral_id bigint, step text, order_id bigint, occurred_at timestamptz')} as u`,
);

export async function insertSteps(tx: Tx, steps: readonly ReferralStep[]): Promise<void> {
  if (steps.length === 0) return;
  await tx.run(insertStep, [
    numbers(steps.map(({ referralId }) => referralId)),
    texts(steps.map(({ step }) => step)),
    numbers(steps.map(({ orderId }) => orderId)),
    instants(steps.map(({ occurredAt }) => occurredAt)),
  ]);
}

export const findReferrals = async (
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: StoredReferral; posted: Posted }>> =>
  new Map((await referralsById(tx, ids)).map(stored => [stored.id, { stored, posted: [] }]));
