import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
/** What documents call the clone and the address, and this run calls otherwise. */
const SHOWN_CLONE = '/path/to/fealty';
const SHOWN_ADDRESS = '127.0.0.1:4100';
const READY_MS = 120_000;
const STOP_MS = 60_000;

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why the commands of documents cannot be run on this machine; undefined where they can. */
export function whatIsMissing(): string | undefined {
  const found = spawnSync('sh', ['-c', 'command -v curl && command -v npm'], { encoding: 'utf8' });
  return found.status === 0 ? undefined : 'the commands of the documents need curl and npm: install both';
}

/**
 * Somebody who follows a document: one shell in a clone that is theirs, and the engine in another terminal. The clone
 * is a folder of links into this one, with a data folder of its own, so that nothing is written here; the engine takes
 * any free port, which stands in the commands in place of 4100.
 */
export class Reader {
  readonly #folder: string;
  readonly #clone: string;
  readonly #data: string;
  readonly #environment: NodeJS.ProcessEnv;
  #shell: ChildProcess | undefined;
  #codes: AsyncIterator<string> | undefined;
  #engine: ChildProcess | undefined;
  #address = SHOWN_ADDRESS;
  /** What the engine printed so far. */
  log = '';

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'fealty-docs-'));
    // PostgreSQL runs as another user when this is root, and its files should stay in this folder.
    chmodSync(this.#folder, 0o755);
    this.#clone = join(this.#folder, 'clone');
    this.#data = join(this.#folder, 'data');
    mkdirSync(this.#clone);
    mkdirSync(this.#data);
    for (const name of readdirSync(ROOT))
      if (!['.git', '.fealty'].includes(name)) symlinkSync(join(ROOT, name), join(this.#clone, name));
    symlinkSync(this.#data, join(this.#clone, '.fealty'));
    const inherited = Object.entries(process.env).filter(([name]) => !/^(FEALTY_|NODE_|npm_)/.test(name));
    this.#environment = {
      ...Object.fromEntries(inherited),
      FEALTY_DATA_DIR: this.#data,
      FEALTY_PORT: '0',
      // Without the scheduler, whose sweep would now and then be faster than the command that the document shows.
      FEALTY_ROLES: 'api,worker',
    };
  }

  /** `npm start` in the other terminal, until the engine is ready; gives what it printed. */
  async start(): Promise<string> {
    const engine = spawn('npm', ['start'], {
      cwd: this.#clone,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#engine = engine;
    for (const stream of [engine.stdout, engine.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
      });
    }
    const deadline = performance.now() + READY_MS;
    while (!this.log.includes('Ctrl-C stops the engine.')) {
      if (engine.exitCode !== null || performance.now() > deadline)
        throw new Error(`The engine did not start.\n${this.log}`);
      await sleep(50);
    }
    this.#address = readFileSync(join(this.#data, 'url'), 'utf8').replace('http://', '');
    return this.#asShown(this.log.slice(this.log.indexOf('Fealty is ready')));
  }

  /** Ctrl-C in the other terminal, which reaches every process there; true when the engine stopped in order. */
  async stop(): Promise<boolean> {
    const engine = this.#engine;
    if (engine?.pid === undefined || engine.exitCode !== null) return false;
    const ended = new Promise(resolve => engine.once('close', resolve));
    process.kill(-engine.pid, 'SIGINT');
    const inTime = await Promise.race([ended.then(() => true), sleep(STOP_MS, false, { ref: false })]);
    this.#engine = undefined;
    return inTime && !existsSync(join(this.#data, 'url'));
  }

  /** Runs one command as the document has it. */
  async run(command: string): Promise<Result> {
    this.#open();
    const step = join(this.#folder, 'step');
    writeFileSync(step, `${command.replaceAll(SHOWN_ADDRESS, this.#address)}\n`);
    this.#shell?.stdin?.write(`. '${step}' > '${step}.out' 2> '${step}.err' < /dev/null; echo "$?"\n`);
    const line = await this.#codes?.next();
    const read = (name: string) => this.#asShown(readFileSync(`${step}.${name}`, 'utf8'));
    if (line === undefined || line.done) throw new Error(`The shell ended at ${command}\n${read('err')}`);
    return { code: Number(line.value), stdout: read('out'), stderr: read('err') };
  }

  /** Ends everything and removes the clone. */
  async close(): Promise<void> {
    await this.stop();
    this.#shell?.stdin?.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #open(): void {
    if (this.#shell) return;
    const shell = spawn('sh', [], {
      cwd: this.#clone,
      env: this.#environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#shell = shell;
    this.#codes = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();
  }

  #asShown(text: string): string {
    return text
      .replaceAll(this.#address, SHOWN_ADDRESS)
      .replaceAll(this.#data, `${SHOWN_CLONE}/.fealty`)
      .replaceAll(this.#clone, SHOWN_CLONE);
  }
}
