import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../server/src/platform/db/embedded.ts';

/** Starts the bundled PostgreSQL with settings of the benchmark's own; all others are the engine's defaults. */
export async function startDatabase(
  dir: string,
  settings: Record<string, string>,
): Promise<{ url: string; pid: number; stop(): Promise<void> }> {
  const postgres = await startEmbeddedPostgres({ dir: join(dir, 'postgres'), settings });
  return { url: postgres.url, pid: postgres.pid, stop: () => postgres.stop() };
}
