import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { claim, clearLeftovers, endPostmaster, runningPostmaster } from './embedded-owner.ts';
import { findPlace, initialise, makeFolder, type Place, type Say } from './embedded-place.ts';
import { asArguments, machineOf, type PostgresSettings, settingsWith } from './embedded-settings.ts';

/**
 * Runs PostgreSQL and waits. Descriptor 3 is a pipe from the engine that never carries anything: it ends when the
 * engine ends, also by `kill -9`, and then the reader stops PostgreSQL. Being in a session of its own (`detached`),
 * all this does not see the Ctrl-C of the engine's terminal.
 */
const SUPERVISOR = `
"$@" 3<&- </dev/null & postgres=$!
(read -r nothing <&3; kill -INT $postgres 2>/dev/null) & reader=$!
exec 3<&-
wait $postgres; code=$?
kill $reader 2>/dev/null
exit $code`;

// Below the range from which systems take the ports of outgoing connections, so that the port is still free when
// PostgreSQL has to be started again.
const PORTS = [20_000, 32_000] as const;
const PORT_ATTEMPTS = 20;
// A start after a crash first replays the log, which the settings bound to a few gigabytes.
const READY_MS = 15 * 60_000;
/** How long the n-th start within a minute waits, ms; further ones as long as the last. */
const PAUSES_MS = [0, 0, 250, 500, 1_000, 2_000, 4_000, 8_000, 10_000] as const;
/** So many within a minute are told of. */
const RESTARTS = 5;
const RESTARTS_WITHIN_MS = 60_000;
const LOG_CHARACTERS = 16_384;

export interface EmbeddedPostgresOptions {
  /** Folder of this database, made when absent. It keeps the password (mode 0600), the lock and, if possible, the data. */
  dir: string;
  /** PostgreSQL settings that differ from the defaults; those that durability needs are refused. */
  settings?: PostgresSettings;
  /** Receives lines for the operator: where files are, what had to be cleaned up, restarts. */
  log?: Say;
  /**
   * Called when PostgreSQL ended five times within a minute. It goes on being started, ever less often: once a full
   * disk has room again, it comes back by itself.
   */
  onUnstable?: (error: Error) => void;
}

export interface EmbeddedPostgres {
  /** Address for the owner, user `postgres`, on 127.0.0.1; it stays the same when PostgreSQL is restarted. */
  readonly url: string;
  /**
   * The same over a socket in the data folder, which nobody else may enter: half the cost of loopback TCP for a statement
   * (measured: 20 us of CPU instead of 27). Null where the path is too long for a socket.
   */
  readonly socketUrl: string | null;
  readonly port: number;
  readonly password: string;
  /** Process id of PostgreSQL; 0 while it is being restarted. */
  readonly pid: number;
  /** Stops PostgreSQL after writing everything out, and gives the folder free. Open transactions are rolled back. */
  stop(): Promise<void>;
  /** The last lines of PostgreSQL's own log. */
  log(): string;
}

/**
 * Starts the bundled PostgreSQL on `dir`, makes its database at the first start, and starts it again when it ends
 * unexpectedly. It ends with this process, however that ends, and does not keep it alive. Throws when the platform
 * has none, when another live process owns the folder, and when it cannot start; what killed runs left behind is
 * cleaned up first.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const say = options.log ?? (() => undefined);
  const dir = makeFolder(options.dir);
  const release = claim(dir);
  try {
    const place = findPlace(dir, say);
    const password = initialise(place, say);
    const settings = settingsWith(options.settings ?? {}, machineOf(place.data));
    await clearLeftovers(place.data, say);
    const socket = socketFolder(place.data);
    const own = socket === null ? settings : { ...settings, unix_socket_directories: socket };
    const server = new Server(place, own, say, options.onUnstable);
    await server.start();
    const login = `postgres://postgres:${encodeURIComponent(password)}`;
    return {
      socketUrl: socket === null ? null : `${login}@${encodeURIComponent(socket)}:${server.port}/postgres`,
      url: `${login}@127.0.0.1:${server.port}/postgres`,
      port: server.port,
      password,
      get pid() {
        return runningPostmaster(place.data) ?? 0;
      },
      stop: () => server.stop().finally(release),
      log: () => server.log,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** What the system takes as the path of a socket, in bytes, less the name of PostgreSQL's. */
const SOCKET_PATH = 107 - '/.s.PGSQL.65535'.length;

/** The folder for the socket, or null where its path is too long or has a character that the setting would split at. */
const socketFolder = (data: string): string | null =>
  Buffer.byteLength(data) <= SOCKET_PATH && /^[\w/.-]+$/.test(data) ? data : null;

/** One PostgreSQL over its restarts, always on the same port. */
class Server {
  port = 0;
  log = '';
  readonly #place: Place;
  readonly #settings: PostgresSettings;
  readonly #say: Say;
  readonly #onUnstable: ((error: Error) => void) | undefined;
  readonly #restarts: number[] = [];
  #child: ChildProcess | undefined;
  #restarting: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(place: Place, settings: PostgresSettings, say: Say, onUnstable?: (error: Error) => void) {
    this.#place = place;
    this.#settings = settings;
    this.#say = say;
    this.#onUnstable = onUnstable;
  }

  /** Starts on a port of its own choice. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.port = await freePort();
      try {
        return await this.#launch();
      } catch (error) {
        const taken = this.log.includes('Address already in use');
        if (!taken || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#restarting;
    const pid = runningPostmaster(this.#place.data);
    if (pid !== undefined) await endPostmaster(pid);
    this.#pipe?.destroy();
  }

  get #pipe(): Socket | undefined {
    return this.#child?.stdio[3] as Socket | undefined;
  }

  /** Starts PostgreSQL and waits until it takes connections. */
  #launch(): Promise<void> {
    const { data, binaries, runAs } = this.#place;
    const command = [
      join(binaries, 'postgres'),
      '-D',
      data,
      ...asArguments({ ...this.#settings, port: this.port }),
    ];
    const child = spawn('/bin/sh', ['-c', SUPERVISOR, 'fealty-postgres', ...command], {
      ...runAs,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.log = '';
    return new Promise((resolve, reject) => {
      // This timer also keeps the process alive while it waits: nothing of the child does.
      const deadline = setTimeout(() => settle(new Error('it is not ready after 15 minutes')), READY_MS);
      let ready = false;
      const settle = (failure?: Error) => {
        clearTimeout(deadline);
        if (ready) return;
        if (!failure) {
          ready = true;
          return resolve();
        }
        this.#pipe?.destroy();
        reject(new Error(`PostgreSQL did not start: ${failure.message}\n${this.log}`));
      };
      child.once('error', settle);
      child.once('exit', (code, signal) => {
        if (ready) this.#ended(child);
        else settle(new Error(`it ended with ${signal ?? code}`));
      });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        this.log = (this.log + text).slice(-LOG_CHARACTERS);
        if (!ready && this.log.includes('ready to accept connections')) settle();
      });
      child.unref();
      (child.stderr as Socket | null)?.unref();
      // The pipe breaks when PostgreSQL's side is killed; 'exit' tells.
      (child.stdio[3] as Socket | undefined)?.on('error', () => undefined).unref();
    });
  }

  /** PostgreSQL, or the shell that watches it, ended: starts it again unless that was asked for. */
  #ended(child: ChildProcess): void {
    (child.stdio[3] as Socket).destroy();
    if (this.#stopped) return;
    this.#restarting = this.#restart();
  }

  /** Starts it until it runs, however long its cause stays: only whoever looks after the machine can give it up. */
  async #restart(): Promise<void> {
    const lastWords = this.log.trim().split('\n').at(-1) ?? '';
    this.#say(`PostgreSQL ended unexpectedly and is started again. Its last line was: ${lastWords}`);
    while (!this.#stopped) {
      await this.#pause();
      try {
        await clearLeftovers(this.#place.data, this.#say);
        if (!this.#stopped) await this.#launch();
        return;
      } catch {
        // The log says why; the next attempt may find the room, the port or the memory of the dead processes free.
      }
    }
  }

  /** Waits longer the more often it was started in the last minute. */
  async #pause(): Promise<void> {
    const now = performance.now();
    while (this.#restarts[0] !== undefined && this.#restarts[0] < now - RESTARTS_WITHIN_MS)
      this.#restarts.shift();
    this.#restarts.push(now);
    const count = this.#restarts.length;
    if (count === RESTARTS) {
      const reason = `it ended ${RESTARTS} times within a minute.\n${this.log}`;
      this.#say('PostgreSQL keeps ending. It is started again, less and less often.');
      this.#onUnstable?.(new Error(reason));
    }
    const end = now + (PAUSES_MS[Math.min(count, PAUSES_MS.length) - 1] as number);
    while (!this.#stopped && performance.now() < end) await sleep(50);
  }
}

async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
    const port = randomInt(...PORTS);
    if (await canListen(port)) return port;
  }
  throw new Error(`No free port was found between ${PORTS.join(' and ')}.`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
