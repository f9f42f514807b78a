import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '#platform/db/embedded.ts';
import { newSecret } from '#platform/secret.ts';
import { acknowledged, distribution } from './killing.ts';
import { Engine } from './processes.ts';
import { leave, makeRunFolder, type Options, type Report, World } from './world.ts';

/** A client gives up a request after this time and sends it to whichever engine comes next. */
const TIMEOUT_MS = 2_000;
/**
 * Longer than the clients wait, than an engine tries to reach its database, and than PostgreSQL lets a transaction of
 * it rest: that one is rolled back under the engine that sleeps.
 */
const PAUSE_MS = [6_500, 8_500] as const;
/** Longer than an engine waits for any statement. */
const LONG_PAUSE_MS = 35_000;
/** After this time an engine that woke up has done what it was sent before it slept. */
const AWAKE_MS = 1_500;
const BETWEEN_MS = [300, 1_200] as const;
/** How long the engine that goes on may do so without an acknowledgement. */
const GAP_MS = 12_000;

/**
 * One of two engines on one database is stopped in whatever it does, for longer than anybody waits for it, while the
 * other goes on with the same members and the same keys; then it wakes up in the middle of its old work.
 */
export async function pauseEngines(options: Options): Promise<Report> {
  const folder = makeRunFolder('pause');
  const postgres = await startEmbeddedPostgres({ dir: join(folder, 'postgres') });
  // Engines on one database have one secret.
  const env = { FEALTY_DATABASE_URL: postgres.url, FEALTY_SECRET: newSecret() };
  const engines = ['a', 'b'].map(name => new Engine({ folder: join(folder, name), env })) as [Engine, Engine];
  const sleeping = new Sleeping();
  let world: World | undefined;
  let report: Report | undefined;
  try {
    for (const engine of engines) await engine.start();
    let turn = 0;
    const target = {
      // In turn, so that a request that got no answer goes to the other engine.
      address: () => (engines[turn++ % 2] as Engine).address(),
      key: engines[0].key,
      program: 'faults',
    };
    world = new World({
      name: 'pause',
      folder,
      target,
      ownerUrl: () => postgres.url,
      options,
      timeoutMs: TIMEOUT_MS,
      patienceMs: 240_000,
      allAwake: () => sleeping.over(),
    });
    await world.begin();
    report = await pauses(world, engines, sleeping, options);
  } finally {
    await world?.close();
    await Promise.all(engines.map(engine => engine.stop())).finally(() => postgres.stop());
    leave(folder, report, options.say);
  }
  return report;
}

/** Whether an engine sleeps, for clients that wait for its end. */
class Sleeping {
  #engine: Promise<void> = Promise.resolve();

  /** Gives what ends it. */
  begin(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#engine = promise.then(() => sleep(AWAKE_MS));
    return resolve;
  }

  over(): Promise<void> {
    return this.#engine;
  }
}

async function pauses(
  world: World,
  engines: [Engine, Engine],
  sleeping: Sleeping,
  options: Options,
): Promise<Report> {
  const outages: number[] = [];
  const gaps: number[] = [];
  let meanwhile = 0;
  for (let pause = 1; pause <= options.kills; pause++) {
    await sleep(world.random.between(...BETWEEN_MS));
    const engine = world.random.pick(engines);
    const length = pause === options.kills && pause > 2 ? LONG_PAUSE_MS : world.random.between(...PAUSE_MS);
    const before = world.client.counts.acknowledged;
    const awake = sleeping.begin();
    engine.signal('SIGSTOP');
    const gap = await longestGap(world, length);
    gaps.push(gap);
    if (gap > GAP_MS)
      world.note(`while one engine was stopped, the other acknowledged nothing for ${gap} ms`);
    meanwhile += world.client.counts.acknowledged - before;
    const over = Date.now();
    engine.signal('SIGCONT');
    awake();
    await acknowledged(world, over);
    outages.push(Date.now() - over);
    if (world.fault()) {
      await world.compare();
      world.goOn();
    }
  }
  await world.end();
  return world.report({
    'acknowledged meanwhile': meanwhile,
    'longest silence of the other ms': Math.max(...gaps),
    ...distribution(outages),
  });
}

/** Waits, and gives the longest time in it without an acknowledgement. */
async function longestGap(world: World, length: number): Promise<number> {
  const end = Date.now() + length;
  let last = Date.now();
  let longest = 0;
  let acks = world.client.counts.acknowledged;
  while (Date.now() < end) {
    await sleep(20);
    const now = Date.now();
    longest = Math.max(longest, now - last);
    if (world.client.counts.acknowledged === acks) continue;
    acks = world.client.counts.acknowledged;
    last = now;
  }
  return longest;
}
