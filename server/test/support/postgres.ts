import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#platform/db/embedded.ts';

const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/fealty-test-pg', import.meta.url));
const SLOTS = 8;

/**
 * Starts a PostgreSQL for tests, as durable as a real one. Its folder is kept for the next run; runs at the same time
 * each have their own. It ends with this process, also when nobody stops it.
 */
export async function startTestPostgres(): Promise<EmbeddedPostgres> {
  for (let slot = 1; ; slot++) {
    try {
      return await startEmbeddedPostgres({
        dir: join(CACHE, String(slot)),
        settings: { shared_buffers: '256MB', max_connections: 200 },
      });
    } catch (error) {
      const busy = error instanceof Error && error.message.includes('already running');
      if (!busy || slot === SLOTS) throw error;
    }
  }
}
