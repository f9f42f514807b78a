import { spawnSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#platform/db/embedded.ts';
import { acknowledged, distribution } from './killing.ts';
import { Engine, ownerUrl, postgresData, untilGone } from './processes.ts';
import { leave, makeRunFolder, type Options, type Report, World } from './world.ts';

const SIZE_MB = 1_536;
/** What is left on the volume when it counts as full, bytes. */
const LEFT = [0, 1_000_000] as const;
const BETWEEN_MS = [300, 1_500] as const;
const FULL_MS = [2_000, 5_000] as const;
/** More pieces of the log than are ever kept for later. */
const PIECES = 200;
/** How long it may take until a write fails. */
const NOTICE_MS = 60_000;

/** A volume in memory, of a size of its own. */
class Volume {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { mode: 0o755 });
    run('mount', '-t', 'tmpfs', '-o', `size=${SIZE_MB}m,mode=755`, 'tmpfs', folder);
  }

  /** Takes all the room but `left` bytes. */
  fill(left: number): void {
    const file = openSync(this.#filler, 'w');
    const block = Buffer.alloc(1 << 20, 1);
    let length = 0;
    try {
      for (;;) length += writeSync(file, block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      ftruncateSync(file, Math.max(0, length - left));
    } finally {
      closeSync(file);
    }
  }

  get free(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  clear(): void {
    rmSync(this.#filler, { force: true });
  }

  unmount(): void {
    run('umount', this.folder);
  }

  get #filler(): string {
    return join(this.folder, 'filler');
  }
}

/** Why no volume can be mounted here, or undefined. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'mounting a volume needs root';
  try {
    run('mount', '--version');
  } catch {
    return 'there is no mount command';
  }
  return undefined;
}

/** Runs a program of the system to its end; throws what it says when it fails. */
function run(command: string, ...args: string[]): void {
  const { error, status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
}

/** The engine with all its files, log of PostgreSQL included, on one volume that becomes full: the common installation. */
export async function fillDisk(options: Options): Promise<Report | string> {
  const reason = obstacle();
  if (reason !== undefined) return reason;
  const folder = makeRunFolder('disk');
  const volume = new Volume(join(folder, 'volume'));
  const engine = new Engine({ folder: join(volume.folder, 'engine'), log: join(folder, 'engine.log') });
  const postgres = join(engine.folder, 'postgres');
  return fill(
    { name: 'disk', folder, volume, engine, options, ownerUrl: () => ownerUrl(postgres) },
    async () => {
      await engine.stop().finally(() => untilGone(postgres));
    },
  );
}

/** PostgreSQL's tables on a volume that becomes full while its log has room: writes fail, reads go on. */
export async function fillTables(options: Options): Promise<Report | string> {
  const reason = obstacle();
  if (reason !== undefined) return reason;
  const folder = makeRunFolder('tables');
  const volume = new Volume(join(folder, 'volume'));
  let postgres: EmbeddedPostgres | undefined;
  try {
    postgres = await withLogElsewhere(join(volume.folder, 'postgres'), join(folder, 'wal'));
    const { url } = postgres;
    const engine = new Engine({ folder: join(folder, 'engine'), env: { FEALTY_DATABASE_URL: url } });
    return await fill(
      { name: 'tables', folder, volume, engine, options, ownerUrl: () => url },
      () => engine.stop(),
      postgres,
    );
  } catch (error) {
    await postgres?.stop();
    volume.unmount();
    throw error;
  }
}

/** A PostgreSQL whose write-ahead log is in another folder than its tables. */
async function withLogElsewhere(dir: string, log: string): Promise<EmbeddedPostgres> {
  await (await startEmbeddedPostgres({ dir })).stop();
  const inside = join(postgresData(dir), 'pg_wal');
  // Keeps the owner, who is not this user when this is root.
  run('cp', '-a', inside, log);
  rmSync(inside, { recursive: true });
  symlinkSync(log, inside);
  return startEmbeddedPostgres({ dir });
}

interface Site {
  name: 'disk' | 'tables';
  folder: string;
  volume: Volume;
  engine: Engine;
  options: Options;
  ownerUrl: () => string | undefined;
}

async function fill(site: Site, stop: () => Promise<void>, postgres?: EmbeddedPostgres): Promise<Report> {
  const { name, folder, volume, engine, options } = site;
  let world: World | undefined;
  let report: Report | undefined;
  try {
    await engine.start();
    const target = { address: () => engine.address(), key: engine.key, program: 'faults' };
    world = new World({ name, folder, target, ownerUrl: site.ownerUrl, options });
    await world.begin();
    report = await rounds(world, site);
  } finally {
    volume.clear();
    await world?.close();
    await stop().finally(() => postgres?.stop());
    volume.unmount();
    leave(folder, report, options.say);
  }
  return report;
}

async function rounds(world: World, site: Site): Promise<Report> {
  const { name, volume, engine, options } = site;
  const outages: number[] = [];
  const { pid } = engine;
  let reads = 0;
  let away = 0;
  for (let round = 1; round <= options.kills; round++) {
    await sleep(world.random.between(...BETWEEN_MS));
    const { unanswered } = world.client.counts;
    volume.fill(world.random.between(...LEFT));
    await untilNoticed(world, unanswered, volume);
    if (name === 'disk') await exhaustLog(site.ownerUrl());
    const asked = await readFor(world, world.random.between(...FULL_MS));
    reads += asked.answered;
    away += asked.away;
    if (name === 'tables' && asked.away > 0)
      world.note(`${asked.away} balances could not be read while the volume was full`);
    volume.clear();
    const roomAt = Date.now();
    await acknowledged(world, roomAt);
    outages.push(Date.now() - roomAt);
    if (world.fault()) {
      await world.compare();
      world.goOn();
    }
  }
  if (engine.pid !== pid) world.note('the engine was restarted');
  await world.end();
  return world.report({ 'balances read while full': reads, 'not then': away, ...distribution(outages) });
}

/**
 * Uses up what is left of the write-ahead log, which is made in pieces of 16 MB: the next write then needs a new piece,
 * and PostgreSQL ends in a panic.
 */
async function exhaustLog(url: string | undefined): Promise<void> {
  const owner = new pg.Client({
    connectionString: url,
    application_name: 'fault test',
    connectionTimeoutMillis: 2_000,
  });
  owner.on('error', () => undefined);
  try {
    await owner.connect();
    for (let piece = 0; piece < PIECES; piece++)
      await owner.query("select pg_logical_emit_message(false, 'fault', 'x'), pg_switch_wal()");
  } catch {
    // It panicked, as it should.
  } finally {
    await owner.end().catch(() => undefined);
  }
}

/** Reads balances for a while: how many were answered, and how many with 503. */
async function readFor(world: World, length: number): Promise<{ answered: number; away: number }> {
  const asked = { answered: 0, away: 0 };
  for (const end = Date.now() + length; Date.now() < end; await sleep(20)) {
    const path = `/v1/members/ext:${world.random.pick(world.members)}/balances`;
    const { status } = await world.client.ask({ method: 'GET', path });
    if (status === 200) asked.answered += 1;
    else if (status === 503) asked.away += 1;
    else world.note(`a balance was answered with ${status} while the volume was full`);
  }
  return asked;
}

/** Waits until a write failed for want of room; what little is left is taken as well when that takes long. */
async function untilNoticed(world: World, unanswered: number, volume: Volume): Promise<void> {
  const deadline = Date.now() + NOTICE_MS;
  while (world.client.counts.unanswered === unanswered) {
    if (Date.now() > deadline) throw new Error(`no write failed although ${volume.free} bytes are free`);
    await sleep(20);
  }
}
