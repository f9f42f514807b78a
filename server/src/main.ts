import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { compose, type Engine } from './compose.ts';
import { type Config, readConfig } from './config.ts';
import { startEmbeddedPostgres } from './platform/db/embedded.ts';
import { appUrl, migrate } from './platform/db/migrate.ts';
import { createLog, type Log } from './platform/observe/log.ts';
import { newSecret, SECRET_TEXT } from './platform/secret.ts';
import { readOrMakeSecret, type SecretFile } from './platform/secret-file.ts';
import { startRoles } from './roles.ts';

/** Everything that runs in this process. */
interface Running {
  engine: Engine;
  stop(): Promise<void>;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * With two processors PostgreSQL needs the one that the collector's helpers would take: without them an order under campaigns
 * cost the engine 139 us instead of 160. With more they shorten its pauses.
 */
const FEW_PROCESSORS = 2;
if (availableParallelism() <= FEW_PROCESSORS) setFlagsFromString('--no-parallel-scavenge');

const SECRET: SecretFile = {
  name: 'secret',
  make: newSecret,
  pattern: SECRET_TEXT,
  otherwise: 'does not hold a secret (fs_ and 43 characters). Put it back from your copy of the data folder.',
};

async function start(config: Config, log: Log): Promise<Running> {
  mkdirSync(config.dataDir, { recursive: true });
  const embedded =
    config.databaseUrl === null
      ? await startEmbeddedPostgres({
          dir: join(config.dataDir, 'postgres'),
          log: say,
          onUnstable: error =>
            log.error({ err: error }, 'PostgreSQL keeps ending; it is started again and again'),
        })
      : null;
  const ownerUrl = embedded?.url ?? (config.databaseUrl as string);
  try {
    await migrate(ownerUrl);
    const engine = await compose({
      ownerUrl,
      appUrl: appUrl(embedded?.socketUrl ?? ownerUrl),
      secret: config.secret ?? (await readOrMakeSecret(config.dataDir, SECRET)).secret,
      secretBefore: config.secretBefore,
      log,
      lanes: config.lanes,
      batch: config.batch,
      queue: config.queue,
      newKeysAfter: config.newKeysAfter,
      backtestMemory: config.backtestMemory,
    });
    const url = await startRoles(engine, config.roles, config);
    const urlFile = join(config.dataDir, 'url');
    if (url === null)
      say(`Fealty is ready: ${[...config.roles].join(', ')}. Without the role api nothing listens here.`);
    else {
      const key = await engine.identity.ensureRootKey(config.dataDir);
      writeFileSync(`${urlFile}.new`, url, { mode: 0o600 });
      renameSync(`${urlFile}.new`, urlFile);
      // The key itself only once: what is printed may end in somebody's log.
      const shown =
        key.state === 'created'
          ? `${key.path}
              ${key.key} (shown this once)`
          : key.path;
      welcome(url, shown, embedded === null ? 'your own' : 'embedded');
    }
    return {
      engine,
      async stop() {
        await engine.stop();
        await embedded?.stop();
        rmSync(urlFile, { force: true });
      },
    };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

function welcome(url: string, key: string, database: string): void {
  say(`
Fealty is ready (${database} PostgreSQL).

  API         ${url}/v1
  Reference   ${url}/docs
  Metrics     ${url}/metrics
  Key         ${key}

Try next, in another terminal:

  ./fealty program set shop --file examples/programs/shop.json
  ./fealty import orders examples/orders/orders.csv --program shop

Ctrl-C stops the engine.`);
}

/** Ctrl-C in a terminal can arrive twice at once, from the terminal and from the launcher: that is one wish. */
const ONE_WISH = 1_000;

/** The first signal stops cleanly, also while the engine still starts; a later one at once. */
function stopOnSignal(starting: Promise<Running>, log: Log): void {
  let stopping = 0;
  const stop = (signal: string) => {
    const now = performance.now();
    if (stopping > 0 && now - stopping > ONE_WISH) process.exit(1);
    if (stopping > 0) return;
    stopping = now;
    say(`Stopping (${signal}): finishing what was accepted ...`);
    starting
      .then(running => running.stop())
      .then(
        () => process.exit(0),
        error => {
          log.error({ err: error }, 'the engine did not stop cleanly');
          process.exit(1);
        },
      );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));
}

try {
  const config = readConfig();
  const log = createLog({ level: config.logLevel });
  const starting = start(config, log);
  stopOnSignal(starting, log);
  await starting;
} catch (error) {
  process.stderr.write(
    `Fealty could not start.\n${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
}
