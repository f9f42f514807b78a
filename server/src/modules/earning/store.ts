import { booleans, instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Rational } from '#platform/money.ts';
import type { Owner, Posted } from '../ledger/index.ts';
import { type Applied, type Fault, type Line, NOTHING_APPLIED, type Order } from './model.ts';
import type { Decided } from './posting.ts';
import type { StoredOrder, StoredReturn } from './records.ts';

/* Amounts are texts inside JSON: a JSON number would lose digits beyond 2^53. */
type LineJson = [id: string, sku: string | null, category: string | null, quantity: number, amount: string];
export type DecidedJson = {
  earned: [string, number, string, number][];
  clawed: [string, number, string, string, string, string, string, string][];
};

const lineToJson = (line: Line): LineJson => [
  line.id,
  line.sku,
  line.category,
  line.quantity,
  String(line.amount),
];
const lineFromJson = ([id, sku, category, quantity, amount]: LineJson): Line => ({
  id,
  sku,
  category,
  quantity,
  amount: BigInt(amount),
});

export const decidedToJson = ({ earned, clawed }: Decided): DecidedJson => ({
  earned: earned.map(({ rule, unit, points, lot }) => [rule, unit, String(points), lot]),
  clawed: clawed.map(own => [
    own.rule,
    own.unit,
    String(own.decided),
    String(own.cancelled),
    String(own.taken),
    String(own.excused),
    String(own.shortfall),
    String(own.debt),
  ]),
});
export const decidedFromJson = ({ earned, clawed }: DecidedJson): Decided => ({
  earned: earned.map(([rule, unit, points, lot]) => ({ rule, unit, points: BigInt(points), lot })),
  clawed: clawed.map(([rule, unit, decided, cancelled, taken, excused, shortfall, debt]) => ({
    rule,
    unit,
    decided: BigInt(decided),
    cancelled: BigInt(cancelled),
    taken: BigInt(taken),
    excused: BigInt(excused),
    shortfall: BigInt(shortfall),
    debt: BigInt(debt),
  })),
});

export type AppliedJson = {
  tier: string | null;
  multiply?: [string, string, string, number | null][];
  earn?: string[];
  bounds?: [string, string][];
  faults?: Fault[];
  late?: true;
};
/** Null where nothing applied: most orders of a plain program. */
export const appliedToJson = ({
  tier,
  multipliers,
  campaigns,
  bounds,
  faults,
  late,
}: Applied): string | null =>
  tier === null && multipliers.length === 0 && campaigns.length === 0 && faults.length === 0 && !late
    ? null
    : JSON.stringify({
        tier,
        ...(multipliers.length > 0 && {
          multiply: multipliers.map(({ ref, by, unit }) => [ref, String(by.num), String(by.den), unit]),
        }),
        ...(campaigns.length > 0 && { earn: campaigns }),
        ...(bounds.size > 0 && { bounds: [...bounds].map(([ref, points]) => [ref, String(points)]) }),
        ...(faults.length > 0 && { faults }),
        ...(late && { late }),
      });
export const appliedFromJson = (applied: AppliedJson | null): Applied =>
  applied === null
    ? NOTHING_APPLIED
    : {
        tier: applied.tier,
        multipliers: (applied.multiply ?? []).map(([ref, num, den, unit]) => ({
          ref,
          by: { num: BigInt(num), den: BigInt(den) },
          unit,
        })),
        campaigns: applied.earn ?? [],
        bounds: new Map((applied.bounds ?? []).map(([ref, points]) => [ref, BigInt(points)])),
        faults: applied.faults ?? [],
        late: applied.late === true,
      };

const insertOrder = statement(
  'earning_insert_orders',
  `insert into earning.orders (id, revision, program_id, member_id, external_id, source, payload, occurred_at, program_version,
     currency, kind, channel, partner, lines, attributes, decided, posted, applied, decision)
   select u.id, u.revision, u.program_id, u.member_id, u.external_id, u.source, u.payload, u.occurred_at, u.program_version,
     u.currency, u.kind, u.channel, u.partner, u.lines::json, u.attributes::json, u.decided::json, u.posted::json, u.applied::json, u.decision
   from ${unnested(
     1,
     `
     id bigint, revision integer, program_id integer, member_id bigint, external_id text, source text,
     payload uuid, occurred_at timestamptz, program_version integer, currency text, kind text, channel text,
     partner text, lines text, attributes text, decided text, posted text, applied text, decision bigint`,
   )} as u`,
);

export async function insertOrders(
  tx: Tx,
  rows: readonly { stored: StoredOrder; posted: Posted }[],
): Promise<void> {
  const of = <T>(pick: (order: Order) => T): T[] => rows.map(row => pick(row.stored.order));
  await tx.run(insertOrder, [
    numbers(rows.map(row => row.stored.id)),
    numbers(of(order => order.revision)),
    numbers(rows.map(row => row.stored.programId)),
    numbers(rows.map(row => row.stored.memberId)),
    texts(of(order => order.externalId)),
    texts(of(order => order.source)),
    texts(rows.map(row => row.stored.payload)),
    instants(of(order => order.occurredAt)),
    numbers(rows.map(row => row.stored.programVersion)),
    texts(of(order => order.currency)),
    texts(of(order => order.kind)),
    texts(of(order => order.channel)),
    texts(of(order => order.partner)),
    texts(of(order => JSON.stringify(order.lines.map(lineToJson)))),
    texts(of(order => (order.attributes === null ? null : JSON.stringify(order.attributes)))),
    texts(rows.map(row => JSON.stringify(decidedToJson(row.stored.decided)))),
    texts(rows.map(row => JSON.stringify(row.posted))),
    texts(rows.map(row => appliedToJson(row.stored.applied))),
    numbers(
      rows.map(({ stored: { id, added } }) => (added === undefined || added.id === id ? null : added.id)),
    ),
  ]);
}

export const ORDER = `o.id, o.revision, o.program_id, o.member_id, o.external_id, o.source, o.payload::text, o.occurred_at,
  o.program_version, o.currency, o.kind, o.channel, o.partner, o.lines, o.attributes, o.decided, o.posted, o.applied, o.decision`;
const readOrders = statement(
  'earning_orders',
  `select ${ORDER} from ${unnested(1, 'id bigint')} as u join earning.orders o on o.id = u.id order by o.id, o.revision`,
);

export type OrderRow = [
  bigint,
  number,
  number,
  bigint,
  string,
  string,
  string,
  number,
  number,
  string,
  string | null,
  string | null,
  string | null,
  LineJson[],
  Order['attributes'],
  DecidedJson,
  Posted,
  AppliedJson | null,
  bigint | null,
];

/** A revision of an order, with what it posted. */
export const asOrder = ([
  id,
  revision,
  programId,
  member,
  externalId,
  source,
  payload,
  occurredAt,
  programVersion,
  currency,
  kind,
  channel,
  partner,
  lines,
  attributes,
  decided,
  posted,
  applied,
  decision,
]: OrderRow): { stored: StoredOrder; posted: Posted } => ({
  stored: {
    id,
    programId,
    memberId: Number(member),
    programVersion,
    payload: payload.replaceAll('-', ''),
    order: {
      externalId,
      source,
      revision,
      occurredAt,
      currency,
      kind,
      channel,
      partner,
      lines: lines.map(lineFromJson),
      attributes,
    },
    applied: appliedFromJson(applied),
    decided: decidedFromJson(decided),
    decision: decision ?? id,
  },
  posted,
});

/** All revisions of these orders, in order. */
export const revisions = async (
  tx: Tx,
  ids: readonly bigint[],
): Promise<{ stored: StoredOrder; posted: Posted }[]> =>
  (await tx.run<OrderRow>(readOrders, [numbers([...new Set(ids)])])).map(asOrder);

const readOwners = statement(
  'earning_order_owners',
  `select distinct o.id, o.program_id, o.member_id
   from ${unnested(1, 'id bigint')} as u join earning.orders o on o.id = u.id`,
);

/** Whose these orders are, which no revision changes. */
export async function owners(tx: Tx, ids: readonly bigint[]): Promise<Map<bigint, Owner>> {
  const rows = await tx.run<[bigint, number, bigint]>(readOwners, [numbers(ids)]);
  return new Map(rows.map(([id, programId, memberId]) => [id, { programId, memberId: Number(memberId) }]));
}

/** The revision of each order that was taken first: what its business key stands for. */
export async function firstRevisions(
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: StoredOrder; posted: Posted }>> {
  const first = new Map<bigint, { stored: StoredOrder; posted: Posted }>();
  for (const row of await revisions(tx, ids)) if (!first.has(row.stored.id)) first.set(row.stored.id, row);
  return first;
}

const insertReturn = statement(
  'earning_insert_returns',
  `insert into earning.returns (id, order_id, program_id, external_id, source, payload, occurred_at, cancels, lines, decided, posted)
   select u.id, u.order_id, u.program_id, u.external_id, u.source, u.payload, u.occurred_at, u.cancels, u.lines::json, u.decided::json, u.posted::json
   from ${unnested(
     1,
     `
     id bigint, order_id bigint, program_id integer, external_id text, source text, payload uuid,
     occurred_at timestamptz, cancels boolean, lines text, decided text, posted text`,
   )} as u`,
);

type ReturnedJson = [line: string, num: string, den: string][];
const returnedToJson = (returned: ReadonlyMap<string, Rational>): ReturnedJson =>
  [...returned].map(([line, part]) => [line, String(part.num), String(part.den)]);
const returnedFromJson = (returned: ReturnedJson) =>
  new Map(returned.map(([line, num, den]) => [line, { num: BigInt(num), den: BigInt(den) }]));

export async function insertReturns(
  tx: Tx,
  rows: readonly { stored: StoredReturn; posted: Posted }[],
): Promise<void> {
  const stored = rows.map(row => row.stored);
  await tx.run(insertReturn, [
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.orderId)),
    numbers(stored.map(row => row.programId)),
    texts(stored.map(row => row.externalId)),
    texts(stored.map(row => row.source)),
    texts(stored.map(row => row.payload)),
    instants(stored.map(row => row.occurredAt)),
    booleans(stored.map(row => row.cancels)),
    texts(stored.map(row => JSON.stringify(returnedToJson(row.returned)))),
    texts(stored.map(row => JSON.stringify(decidedToJson(row.decided)))),
    texts(rows.map(row => JSON.stringify(row.posted))),
  ]);
}

export const RETURN =
  'r.id, r.order_id, r.program_id, r.external_id, r.source, r.payload::text, r.occurred_at, r.cancels, r.lines, r.decided, r.posted';
const readReturnsOf = statement(
  'earning_returns_of',
  `select ${RETURN} from ${unnested(1, 'id bigint')} as u join earning.returns r on r.order_id = u.id order by r.id`,
);
const readReturns = statement(
  'earning_returns',
  `select ${RETURN} from earning.returns r where r.id = any($1::bigint[])`,
);
export type ReturnRow = [
  bigint,
  bigint,
  number,
  string,
  string,
  string,
  number,
  boolean,
  ReturnedJson,
  DecidedJson,
  Posted,
];

export const asReturn = ([
  id,
  orderId,
  programId,
  externalId,
  source,
  payload,
  occurredAt,
  cancels,
  lines,
  decided,
  posted,
]: ReturnRow) => ({
  stored: {
    id,
    orderId,
    programId,
    externalId,
    source,
    payload: payload.replaceAll('-', ''),
    occurredAt,
    cancels,
    returned: returnedFromJson(lines),
    decided: decidedFromJson(decided),
  },
  posted,
});

/** The returns of these orders, in the order in which they were taken. */
export const returns = async (tx: Tx, orders: readonly bigint[]): Promise<StoredReturn[]> =>
  (await tx.run<ReturnRow>(readReturnsOf, [numbers([...new Set(orders)])])).map(row => asReturn(row).stored);

export const findReturns = async (
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: StoredReturn; posted: Posted }>> =>
  new Map((await tx.run<ReturnRow>(readReturns, [numbers(ids)])).map(row => [row[0], asReturn(row)]));
