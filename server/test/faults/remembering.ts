import pg from 'pg';

/*
 * What an engine remembers of members it uses only while it writes alone (ADR 0032). One that has lost a connection, or
 * finds a dead one's name, waits for seconds and then for minutes: longer than faults leave it alone. So runs let one
 * begin to remember at once now and then.
 */

/** Whether some engine writes alone, as far as the database says. */
export const isAnyAlone = async (url: string | undefined): Promise<boolean> =>
  (await ask(url, 'select from ledger.sole_writer where process is not null')) > 0;

/** Ends that an engine writes alone: the next one that starts does with its first batch. */
export const endAlone = (url: string | undefined): Promise<number> =>
  ask(url, 'update ledger.sole_writer set process = null');

async function ask(url: string | undefined, text: string): Promise<number> {
  const owner = new pg.Client({ connectionString: url, application_name: 'fault test' });
  await owner.connect();
  try {
    return (await owner.query(text)).rowCount ?? 0;
  } finally {
    await owner.end();
  }
}
