import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '#platform/db/embedded.ts';
import { newSecret } from '#platform/secret.ts';
import { acknowledged, beginAnew, distribution, REMEMBERED } from './killing.ts';
import { Engine } from './processes.ts';
import { isAnyAlone } from './remembering.ts';
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
/** Of so many pauses one comes to an engine that has written alone, and remembers members; for so long. */
const ALONE = 2;
const ALONE_MS = [600, 2_000] as const;
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
  const turns = new Turns(engines);
  let world: World | undefined;
  let report: Report | undefined;
  try {
    for (const engine of engines) await engine.start();
    const target = {
      address: () => turns.next().address(),
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
    const url = postgres.url;
    report = await pauses({ world, engines, turns, sleeping, options, url });
  } finally {
    await world?.close();
    await Promise.all(engines.map(engine => engine.stop())).finally(() => postgres.stop());
    leave(folder, report, options.say);
  }
  return report;
}

/** Whom clients ask: both in turn, so that a request that got no answer goes to the other engine; or one alone. */
class Turns {
  alone: Engine | undefined;
  readonly #engines: readonly [Engine, Engine];
  #turn = 0;

  constructor(engines: readonly [Engine, Engine]) {
    this.#engines = engines;
  }

  next(): Engine {
    this.#turn += 1;
    return this.alone ?? (this.#engines[this.#turn % 2] as Engine);
  }
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

async function pauses({
  world,
  engines,
  turns,
  sleeping,
  options,
  url,
}: {
  world: World;
  engines: readonly [Engine, Engine];
  turns: Turns;
  sleeping: Sleeping;
  options: Options;
  url: string;
}): Promise<Report> {
  const outages: number[] = [];
  const gaps: number[] = [];
  let meanwhile = 0;
  let remembered = 0;
  for (let pause = 1; pause <= options.kills; pause++) {
    await sleep(world.random.between(...BETWEEN_MS));
    const engine = world.random.pick(engines);
    if (pause % ALONE === 1) {
      await leaveAlone(world, engines, engine, turns, url);
      if (await isAnyAlone(url)) remembered += 1;
    }
    const length = pause === options.kills && pause > 2 ? LONG_PAUSE_MS : world.random.between(...PAUSE_MS);
    const before = world.client.counts.acknowledged;
    const awake = sleeping.begin();
    engine.signal('SIGSTOP');
    turns.alone = undefined;
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
    [REMEMBERED]: remembered,
    'acknowledged meanwhile': meanwhile,
    'longest silence of the other ms': Math.max(...gaps),
    ...distribution(outages),
  });
}

/**
 * Sends everything to one engine, so that it remembers members when it is stopped. It starts before the other: who starts
 * first does what has to be done again and again, and that is written as well.
 */
async function leaveAlone(
  world: World,
  engines: readonly Engine[],
  engine: Engine,
  turns: Turns,
  url: string,
): Promise<void> {
  const others = engines.filter(other => other !== engine);
  turns.alone = engine;
  await world.load.rest();
  for (const other of others) await other.kill();
  await beginAnew(world, engine, () => url);
  for (const other of others) await other.start();
  await sleep(world.random.between(...ALONE_MS));
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
