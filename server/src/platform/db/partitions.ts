import { type Pool, statement } from './client.ts';

/** Tables grow by a partition a month; this many are kept ready ahead. */
const MONTHS_AHEAD = 3;

const make = ['ledger', 'events', 'earning'].map(schema =>
  statement(`${schema}_partitions`, `select ${schema}.make_partitions($1)`),
);

/** Makes the coming months' partitions, as the owner: the application's role may not create tables. */
export async function makePartitions(owner: Pool): Promise<void> {
  for (const each of make) await owner.run(each, [MONTHS_AHEAD]);
}
