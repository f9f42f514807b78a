import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { numbered, statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../ledger/index.ts';

/** Points that one member gives another. */
export interface TransferBody {
  /** Null where the engine moves what a person has into a household. */
  externalId: string | null;
  source: string;
  /** Null: the program's default unit. */
  unit: string | null;
  /** Null: all that there is. */
  points: bigint | null;
  reason: string | null;
}

/** A transfer, as stored. */
export interface Transfer extends Omit<TransferBody, 'unit' | 'points'> {
  id: bigint;
  programId: number;
  /** The members, by their numbers. */
  from: number;
  to: number;
  /** The number of the unit. */
  unit: number;
  points: bigint;
  /** To another member, or into one's household. */
  kind: 'gift' | 'contribution';
  /** What the sender paid beside the points. */
  fee: bigint;
  /** `transfers@version` that allowed it. */
  rule: string;
  occurredAt: number;
}

const insert = statement(
  'rewards_insert_transfers',
  `insert into rewards.transfers (id, program_id, from_id, to_id, external_id, source, unit, points, fee, reason, rule, occurred_at, posted, kind)
   select u.id, u.program_id, u.from_id, u.to_id, u.external_id, u.source, u.unit, u.points, u.fee, u.reason, u.rule, u.occurred_at, u.posted::jsonb, u.kind
   from ${unnested(
     1,
     `
     id bigint, program_id integer, from_id bigint, to_id bigint, external_id text, source text,
     unit smallint, points bigint, fee bigint, reason text, rule text, occurred_at timestamptz, posted text,
     kind text`,
   )} as u`,
);

export async function insertTransfers(
  tx: Tx,
  rows: readonly { stored: Transfer; posted: Posted }[],
): Promise<void> {
  const stored = rows.map(row => row.stored);
  await tx.run(insert, [
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.programId)),
    numbers(stored.map(row => row.from)),
    numbers(stored.map(row => row.to)),
    texts(stored.map(row => row.externalId)),
    texts(stored.map(row => row.source)),
    numbers(stored.map(row => row.unit)),
    numbers(stored.map(row => row.points)),
    numbers(stored.map(row => row.fee)),
    texts(stored.map(row => row.reason)),
    texts(stored.map(row => row.rule)),
    instants(stored.map(row => row.occurredAt)),
    texts(rows.map(row => JSON.stringify(row.posted))),
    texts(stored.map(row => row.kind)),
  ]);
}

const read = statement(
  'rewards_transfers',
  `select id, program_id, from_id, to_id, external_id, source, unit::integer, points, fee, reason, rule, occurred_at, posted, kind
   from rewards.transfers where id = any($1::bigint[])`,
);

type Row = [
  bigint,
  number,
  bigint,
  bigint,
  string | null,
  string,
  number,
  bigint,
  bigint,
  string | null,
  string,
  number,
  Posted,
  Transfer['kind'],
];

export async function findTransfers(
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: Transfer; posted: Posted }>> {
  const rows = await tx.run<Row>(read, [numbers(ids)]);
  return new Map(
    rows.map(
      ([
        id,
        programId,
        from,
        to,
        externalId,
        source,
        unit,
        points,
        fee,
        reason,
        rule,
        occurredAt,
        posted,
        kind,
      ]) => {
        const sides = { from: Number(from), to: Number(to) };
        const asked = { externalId, source, unit, points, reason };
        return [id, { stored: { id, programId, ...sides, ...asked, kind, fee, rule, occurredAt }, posted }];
      },
    ),
  );
}

const sum = (name: string, column: 'from_id' | 'to_id') =>
  statement(
    `rewards_transferred_${name}`,
    `select u.nr::integer, count(*)::integer, sum(t.points)::text
     from ${numbered(1, 'member_id bigint, unit smallint, since timestamptz')} as u
     join rewards.transfers t on t.${column} = u.member_id and t.unit = u.unit and t.occurred_at >= u.since and t.kind = 'gift'
     group by u.nr`,
  );
const sums = { send: sum('sent', 'from_id'), receive: sum('received', 'to_id') };

/** How often and how much members gave away or were given since an instant, in the order of the questions. */
export async function transferred(
  tx: Tx,
  side: 'send' | 'receive',
  questions: readonly { member: number; unit: number; since: number }[],
): Promise<{ times: number; points: bigint }[]> {
  const rows = await tx.run<[number, number, string]>(sums[side], [
    numbers(questions.map(each => each.member)),
    numbers(questions.map(each => each.unit)),
    instants(questions.map(each => each.since)),
  ]);
  const found = new Map(rows.map(([nr, times, points]) => [nr - 1, { times, points: BigInt(points) }]));
  return questions.map((_, index) => found.get(index) ?? { times: 0, points: 0n });
}
