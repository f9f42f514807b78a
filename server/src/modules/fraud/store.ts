import { booleans, type Column, instants, numbers, texts } from '#platform/db/arrays.ts';
import { numbered, statement, type Tx, unnested } from '#platform/db/client.ts';
import {
  type Addition,
  type Case,
  type CaseState,
  type Crossing,
  type FraudFacts,
  lotKey,
  type Pended,
  spanOf,
} from './model.ts';

/* Amounts are texts inside JSON: a JSON number would lose digits beyond 2^53. */
type CrossingJson = Omit<Crossing, 'moreThan' | 'points'> & { moreThan: string; points: string };

const crossingToJson = (crossing: Crossing): CrossingJson => ({
  ...crossing,
  moreThan: String(crossing.moreThan),
  points: String(crossing.points),
});
const crossingFromJson = (crossing: CrossingJson): Crossing => ({
  ...crossing,
  moreThan: BigInt(crossing.moreThan),
  points: BigInt(crossing.points),
});

const CASE = 'c.id, c.program_id, c.member_id, c.cause, c.at, c.opened_at, c.state, c.crossings';
type CaseRow = [bigint, number, bigint, string, number, number, CaseState, CrossingJson[]];

const asCase = ([id, programId, memberId, cause, at, openedAt, state, crossings]: CaseRow): Case => ({
  id,
  programId,
  memberId: Number(memberId),
  cause,
  at,
  openedAt,
  state,
  crossings: crossings.map(crossingFromJson),
});

const readCasesAt = statement(
  'fraud_cases_at',
  `select distinct on (c.id) ${CASE}
   from ${unnested(1, 'member_id bigint, at timestamptz')} as u
   join fraud.cases c on c.member_id = u.member_id and c.until > u.at and c.since <= u.at`,
);

/** The cases that have to be known for what members do at these instants. */
export const casesAt = async (tx: Tx, asked: readonly { memberId: number; at: number }[]): Promise<Case[]> =>
  (
    await tx.run<CaseRow>(readCasesAt, [
      numbers(asked.map(({ memberId }) => memberId)),
      instants(asked.map(({ at }) => at)),
    ])
  ).map(asCase);

const readCasesAround = statement(
  'fraud_cases_around',
  `select distinct on (c.id) ${CASE}
   from ${unnested(1, 'id bigint')} as u join fraud.cases o on o.id = u.id
   join fraud.cases c on c.member_id = o.member_id and c.until > o.since and c.since < o.until`,
);

/** These cases, and those of their members that can pause the same time. */
export const casesAround = async (tx: Tx, ids: readonly bigint[]): Promise<Case[]> =>
  (await tx.run<CaseRow>(readCasesAround, [numbers(ids)])).map(asCase);

const readPauses = statement(
  'fraud_pauses_of',
  `select ${CASE} from fraud.cases c where c.member_id = any($1::bigint[]) and c.state <> 'released'`,
);

/** All cases of these members that can pause them at any time. */
export const pausesOf = async (tx: Tx, members: readonly number[]): Promise<Case[]> =>
  (await tx.run<CaseRow>(readPauses, [numbers(members)])).map(asCase);

const readCounted = statement(
  'fraud_counted',
  `select u.nr::integer, c.at, sum(c.points)::bigint
   from ${numbered(1, 'member_id bigint, unit integer, since timestamptz, until timestamptz')} as u
   join fraud.counted c on c.member_id = u.member_id and c.unit = u.unit and c.at >= u.since and c.at < u.until
   group by u.nr, c.at`,
);

/** Whose points of which unit are asked for, in [from, until). */
export interface Range {
  readonly memberId: number;
  readonly unit: number;
  readonly from: number;
  readonly until: number;
}

/** The points that count in each of these ranges, by instant. */
export const countedIn = async (
  tx: Tx,
  ranges: readonly Range[],
): Promise<{ range: Range; at: number; points: bigint }[]> =>
  (
    await tx.run<[number, number, bigint]>(readCounted, [
      numbers(ranges.map(({ memberId }) => memberId)),
      numbers(ranges.map(({ unit }) => unit)),
      instants(ranges.map(({ from }) => from)),
      instants(ranges.map(({ until }) => until)),
    ])
  ).map(([nr, at, points]) => ({ range: ranges[nr - 1] as Range, at, points }));

const PENDED =
  'p.wallet_id, p.seq, p.case_id, p.at, p.points, p.available_from, p.event, p.cancels, p.expires_at, p.inactive_after';
type PendedRow = [
  bigint,
  number,
  bigint,
  number,
  bigint,
  number | null,
  string | null,
  boolean,
  number | null,
  string | null,
];

const asPended = ([
  wallet,
  seq,
  caseId,
  at,
  points,
  availableFrom,
  event,
  cancels,
  expiresAt,
  inactiveAfter,
]: PendedRow): Pended => ({
  wallet: Number(wallet),
  seq,
  caseId,
  at,
  points,
  terms: { availableFrom, waits: event !== null, cancels },
  event,
  closing: expiresAt === null && inactiveAfter === null ? null : { expiresAt, inactiveAfter },
});

const readPendedBy = statement(
  'fraud_pended_by',
  `select ${PENDED} from ${unnested(1, 'id bigint')} as u join fraud.cases c on c.id = u.id and c.state = 'open'
   join fraud.pended p on p.case_id = u.id`,
);

/** What these cases hold back, of those that are open. */
export const pendedBy = async (tx: Tx, cases: readonly bigint[]): Promise<Pended[]> =>
  (await tx.run<PendedRow>(readPendedBy, [numbers(cases)])).map(asPended);

const readPendedOf = statement(
  'fraud_pended_of',
  `select ${PENDED} from ${unnested(1, 'member_id bigint')} as u
   join fraud.cases c on c.member_id = u.member_id and c.state = 'open'
   join fraud.pended p on p.case_id = c.id and p.event is not null`,
);

/** What open cases of these members hold back that waits for an event as well. */
export const pendedOf = async (tx: Tx, members: readonly number[]): Promise<Pended[]> =>
  (await tx.run<PendedRow>(readPendedOf, [numbers(members)])).map(asPended);

const insertCounted = statement(
  'fraud_insert_counted',
  `insert into fraud.counted (member_id, unit, at, id, cause, points, lots)
   select u.member_id, u.unit, u.at, u.id, u.cause, u.points, u.lots::integer[]
   from ${unnested(1, 'member_id bigint, unit integer, at timestamptz, id bigint, cause text, points bigint, lots text')} as u`,
);
const insertCases = statement(
  'fraud_insert_cases',
  `insert into fraud.cases (id, program_id, member_id, cause, at, opened_at, since, until, crossings)
   select u.id, u.program_id, u.member_id, u.cause, u.at, u.opened_at, u.since, u.until, u.crossings::json
   from ${unnested(
     1,
     `
     id bigint, program_id integer, member_id bigint, cause text, at timestamptz, opened_at timestamptz,
     since timestamptz, until timestamptz, crossings text`,
   )} as u`,
);
const insertPended = statement(
  'fraud_insert_pended',
  `insert into fraud.pended (wallet_id, seq, case_id, at, points, available_from, event, cancels, expires_at, inactive_after)
   select * from ${unnested(
     1,
     `
     wallet_id bigint, seq integer, case_id bigint, at timestamptz, points bigint,
     available_from timestamptz, event text, cancels boolean, expires_at timestamptz, inactive_after text`,
   )} as u`,
);

const pendedColumns = (rows: readonly Pended[]): Column[] => [
  numbers(rows.map(row => row.wallet)),
  numbers(rows.map(row => row.seq)),
  numbers(rows.map(row => row.caseId)),
];

/**
 * Writes what decisions add, and sends nothing where nothing is watched. What a later command of the batch did to a lot that
 * is held back stands in the facts.
 */
export async function insertFraud(
  tx: Tx,
  additions: readonly Addition[],
  { pended: latest }: Pick<FraudFacts, 'pended'>,
): Promise<void> {
  const writes: Promise<unknown>[] = [];
  const counted = additions.flatMap(addition => addition.counted.map(credit => ({ ...addition, ...credit })));
  if (counted.length > 0)
    writes.push(
      tx.run(insertCounted, [
        numbers(counted.map(row => row.memberId)),
        numbers(counted.map(row => row.unit)),
        instants(counted.map(row => row.at)),
        numbers(counted.map(row => row.id)),
        texts(counted.map(row => row.cause)),
        numbers(counted.map(row => row.points)),
        texts(counted.map(row => `{${row.lots.join(',')}}`)),
      ]),
    );
  const cases = additions.flatMap(({ opened }) => opened ?? []);
  if (cases.length > 0)
    writes.push(
      tx.run(insertCases, [
        numbers(cases.map(row => row.id)),
        numbers(cases.map(row => row.programId)),
        numbers(cases.map(row => row.memberId)),
        texts(cases.map(row => row.cause)),
        instants(cases.map(row => row.at)),
        instants(cases.map(row => row.openedAt)),
        instants(cases.map(row => spanOf(row).since)),
        instants(cases.map(row => spanOf(row).until)),
        texts(cases.map(row => JSON.stringify(row.crossings.map(crossingToJson)))),
      ]),
    );
  const pended = additions.flatMap(addition =>
    addition.pended.map(lot => latest.get(lotKey(lot.wallet, lot.seq)) ?? lot),
  );
  if (pended.length > 0)
    writes.push(
      tx.run(insertPended, [
        ...pendedColumns(pended),
        instants(pended.map(row => row.at)),
        numbers(pended.map(row => row.points)),
        instants(pended.map(row => row.terms.availableFrom)),
        texts(pended.map(row => row.event)),
        booleans(pended.map(row => row.terms.cancels ?? false)),
        instants(pended.map(row => row.closing?.expiresAt ?? null)),
        texts(pended.map(row => row.closing?.inactiveAfter ?? null)),
      ]),
    );
  await Promise.all(writes);
}

const updatePended = statement(
  'fraud_update_pended',
  `update fraud.pended p set case_id = u.case_id, available_from = u.available_from, event = u.event, cancels = u.cancels
   from ${unnested(
     1,
     `
     wallet_id bigint, seq integer, case_id bigint, available_from timestamptz, event text, cancels boolean`,
   )} as u
   where p.wallet_id = u.wallet_id and p.seq = u.seq`,
);

/** Writes what changed of lots that are held back: the case, or what they wait for. The last change of each lot counts. */
export async function changePended(tx: Tx, changes: readonly Pended[]): Promise<void> {
  const rows = [...new Map(changes.map(row => [lotKey(row.wallet, row.seq), row])).values()];
  if (rows.length === 0) return;
  await tx.run(updatePended, [
    ...pendedColumns(rows),
    instants(rows.map(row => row.terms.availableFrom)),
    texts(rows.map(row => row.event)),
    booleans(rows.map(row => row.terms.cancels ?? false)),
  ]);
}

const updateCases = statement(
  'fraud_update_cases',
  `update fraud.cases c set state = u.state from ${unnested(1, 'id bigint, state text')} as u where c.id = u.id`,
);

/** Ends cases. */
export const setStates = (tx: Tx, rows: readonly { caseId: bigint; state: CaseState }[]): Promise<unknown> =>
  tx.run(updateCases, [numbers(rows.map(row => row.caseId)), texts(rows.map(row => row.state))]);

const readCase = statement('fraud_case', `select ${CASE} from fraud.cases c where c.id = $1`);

/** One case. */
export async function findCase(tx: Tx, id: bigint): Promise<Case | undefined> {
  const [row] = await tx.run<CaseRow>(readCase, [id]);
  return row === undefined ? undefined : asCase(row);
}

const readCases = statement(
  'fraud_list_cases',
  `select ${CASE} from fraud.cases c
   where c.program_id = $1 and c.id < $2 and ($3::text is null or c.state = $3) and ($4::bigint is null or c.member_id = $4)
   order by c.id desc limit $5`,
);

/** Cases of a program before an id, newest first. */
export const listCases = async (
  tx: Tx,
  {
    programId,
    before,
    state,
    memberId,
    limit,
  }: {
    programId: number;
    before: bigint;
    state: CaseState | null;
    memberId: number | null;
    limit: number;
  },
): Promise<Case[]> =>
  (await tx.run<CaseRow>(readCases, [programId, before, state, memberId, limit])).map(asCase);

const readPendedSums = statement(
  'fraud_pended_sums',
  `select p.case_id, (p.wallet_id % 64)::integer, count(*)::integer, sum(p.points)::bigint
   from fraud.pended p where p.case_id = any($1::bigint[]) group by 1, 2 order by 1, 2`,
);

/** How many points of each unit these cases have held back. */
export const pendedSums = async (
  tx: Tx,
  cases: readonly bigint[],
): Promise<{ caseId: bigint; unit: number; lots: number; points: bigint }[]> =>
  (await tx.run<[bigint, number, number, bigint]>(readPendedSums, [numbers(cases)])).map(
    ([caseId, unit, lots, points]) => ({ caseId, unit, lots, points }),
  );

const readCredits = statement(
  'fraud_credits',
  `select c.unit::integer, c.at, c.cause, c.points, c.lots from fraud.counted c
   where c.member_id = $1 and c.unit = $2 and c.at >= $3 and c.at < $4 and c.id <= $5 order by c.at, c.id limit $6`,
);

/** The points that count in a window, as they were known to the decision `until`. */
export const creditsIn = async (
  tx: Tx,
  { memberId, unit, from, until }: Range,
  decision: bigint,
  limit: number,
): Promise<{ unit: number; at: number; cause: string; points: bigint; lots: number[] }[]> =>
  (
    await tx.run<[number, number, string, bigint, number[]]>(readCredits, [
      memberId,
      unit,
      new Date(from).toISOString(),
      new Date(until).toISOString(),
      decision,
      limit,
    ])
  ).map(([own, at, cause, points, lots]) => ({ unit: own, at, cause, points, lots }));

const readHolder = statement(
  'fraud_held_back_by',
  `select p.case_id from fraud.pended p where p.wallet_id = $1 and p.seq = $2`,
);

/** The case that holds or last held a lot back. */
export const holderOf = async (tx: Tx, wallet: number, seq: number): Promise<bigint | undefined> =>
  (await tx.run<[bigint]>(readHolder, [wallet, seq]))[0]?.[0];

const readHeldBack = statement(
  'fraud_held_back',
  `select ${PENDED} from fraud.pended p where p.case_id = $1 order by p.at, p.wallet_id, p.seq limit $2`,
);

/** What a case holds or held back. */
export const heldBackBy = async (tx: Tx, caseId: bigint, limit: number): Promise<Pended[]> =>
  (await tx.run<PendedRow>(readHeldBack, [caseId, limit])).map(asPended);

const removeCounted = statement(
  'fraud_remove_counted',
  `with removed as (
     delete from fraud.counted c using ${unnested(1, 'member_id bigint')} as u
     where c.member_id = u.member_id and c.at < $2::timestamptz
       and not exists (select 1 from fraud.cases k where k.member_id = c.member_id and k.since <= c.at and k.until > c.at)
     returning 1)
   select count(*)::integer from removed`,
);

/** Removes what counted of these members before an instant, but not what a case was opened for; says how much it was. */
export async function deleteCounted(tx: Tx, members: readonly bigint[], before: number): Promise<number> {
  if (members.length === 0) return 0;
  const [row] = await tx.run<[number]>(removeCounted, [numbers(members), new Date(before).toISOString()]);
  return row?.[0] ?? 0;
}
