import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { bytes, instants, numbers } from '../db/arrays.ts';
import { statement, type Tx, unnested } from '../db/client.ts';
import { wireId } from '../ids.ts';
import { MAX_AMOUNT } from '../money.ts';

/** One published fact as a reader gets it. */
export interface Event {
  id: string;
  type: string;
  occurred_at: string;
  booked_at: string;
  recorded_at: string;
  program: string;
  member: string;
  data: Record<string, unknown>;
}

/** A fact as the writer hands it over: everything but its place in the log. */
export type LoggedFact = Omit<Event, 'id' | 'recorded_at' | 'program'>;

/** All facts of one ledger batch for one program. */
export interface RecordBatch {
  programId: number;
  facts: readonly LoggedFact[];
  entries: number;
}

const append = statement(
  'events_append',
  `insert into events.log (program_id, batch, facts_count, entries_count, recorded_at, facts)
   select u.program_id, $1, u.facts_count, u.entries_count, u.recorded_at, u.facts
   from ${unnested(
     2,
     `
     program_id integer, facts_count integer, entries_count integer, recorded_at timestamptz, facts bytea`,
   )} as u`,
);

/** Adds the facts of a batch to the log, in the transaction that makes them true. */
export async function appendFacts(
  tx: Tx,
  batch: bigint,
  recordedAt: number,
  batches: readonly RecordBatch[],
): Promise<void> {
  if (batches.length === 0) return;
  await tx.run(append, [
    batch,
    numbers(batches.map(own => own.programId)),
    numbers(batches.map(own => own.facts.length)),
    numbers(batches.map(own => own.entries)),
    instants(batches.map(() => recordedAt)),
    bytes(batches.map(own => pack(own.facts))),
  ]);
}

const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** A small batch is not worth the 40 us that starting a compressor takes. */
const WORTH_COMPRESSING = 4_096;
const OPENING_BRACKET = 0x5b;

function pack(facts: readonly LoggedFact[]): Buffer {
  const json = Buffer.from(JSON.stringify(facts));
  return json.length < WORTH_COMPRESSING ? json : zstdCompressSync(json, FAST);
}

/** Plain JSON begins with a bracket, a Zstandard frame with 0x28. */
function unpack(facts: Buffer): LoggedFact[] {
  const json = facts[0] === OPENING_BRACKET ? facts : zstdDecompressSync(facts);
  return JSON.parse(json.toString()) as LoggedFact[];
}

/** A place in the log: behind the fact `index` of the record batch (xid, batch). */
export interface Position {
  xid: bigint;
  batch: bigint;
  index: number;
}

export const START: Position = { xid: 0n, batch: 0n, index: -1 };

// Below the oldest transaction that is still open nothing can appear any more: a reader that goes by an
// id or a time would skip what commits late (reproduced: 487 of 2,000 rows with eight writers).
const read = statement(
  'events_read',
  `select l.xid::text, l.batch, l.recorded_at, l.facts from events.log l
   where l.program_id = $1 and (l.xid, l.batch) >= ($2::text::xid8, $3::bigint)
     and l.xid < pg_snapshot_xmin(pg_current_snapshot())
   order by l.xid, l.batch limit $4`,
);

/** A batch holds up to a thousand facts, so a page needs few of them. */
const BATCHES_AT_ONCE = 16;

/** Up to `limit` facts of a program behind a position, in commit order, and the position behind the last. */
export async function readFacts(
  tx: Tx,
  program: { id: number; name: string },
  after: Position,
  limit: number,
): Promise<{ events: Event[]; next: Position }> {
  const events: Event[] = [];
  let next = after;
  for (;;) {
    const rows = await tx.run<[string, bigint, number, Buffer]>(read, [
      program.id,
      next.xid,
      next.batch,
      BATCHES_AT_ONCE,
    ]);
    for (const [xid, batch, recordedAt, packed] of rows) {
      const same = BigInt(xid) === next.xid && batch === next.batch;
      const facts = unpack(packed);
      for (let index = same ? next.index + 1 : 0; index < facts.length; index += 1) {
        if (events.length === limit) return { events, next };
        events.push(event(facts[index] as LoggedFact, batch, index, recordedAt, program.name));
        next = { xid: BigInt(xid), batch, index };
      }
    }
    if (rows.length < BATCHES_AT_ONCE) return { events, next };
  }
}

const event = (
  fact: LoggedFact,
  batch: bigint,
  index: number,
  recordedAt: number,
  program: string,
): Event => ({
  id: `${wireId('evt', batch)}${index.toString().padStart(4, '0')}`,
  type: fact.type,
  occurred_at: fact.occurred_at,
  booked_at: fact.booked_at,
  recorded_at: new Date(recordedAt).toISOString(),
  program,
  member: fact.member,
  data: fact.data,
});

/** The opaque cursor of a position. */
export const toCursor = (position: Position): string =>
  Buffer.from(`${position.xid}.${position.batch}.${position.index}`).toString('base64url');

/** The position of a cursor; undefined where it is not one. */
export function fromCursor(cursor: string): Position | undefined {
  const match = /^(\d{1,19})\.(\d{1,19})\.(-1|\d{1,6})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match === null) return undefined;
  const [xid, batch] = [BigInt(match[1] as string), BigInt(match[2] as string)];
  return batch <= MAX_AMOUNT ? { xid, batch, index: Number(match[3]) } : undefined;
}

const counts = statement(
  'events_counts',
  `select batch, sum(entries_count)::integer from events.log group by batch having sum(entries_count) > 0`,
);

/** How many ledger entries the facts of each batch speak of. */
export async function countEntries(tx: Tx): Promise<Map<bigint, number>> {
  return new Map(await tx.run<[bigint, number]>(counts));
}
