import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const PLATFORM_PACKAGE = 'node_modules/@demo/for-this-machine';
const LOCKED = {
  packages: {
    '': { name: 'demo' },
    'node_modules/pg': { version: '8.0.0', integrity: 'sha512-a' },
    [PLATFORM_PACKAGE]: { version: '1.0.0', optional: true, os: [process.platform], cpu: process.arch },
    'node_modules/@demo/for-another': { version: '1.0.0', optional: true, os: ['plan9'], cpu: ['mips'] },
    'node_modules/@demo/below-another': { version: '1.0.0', optional: true },
  },
};

/** A stand-in for npm: notes each call, takes its time, and leaves what npm leaves. */
const NPM = `
const { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync, readFileSync } = require('node:fs');
appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
if (existsSync('npm-fails')) process.exit(9);
rmSync('node_modules', { recursive: true, force: true });
setTimeout(() => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const installed = Object.entries(packages).filter(([path]) => path && !path.includes('another'));
  if (existsSync('npm-skips')) installed.pop();
  mkdirSync('node_modules', { recursive: true });
  writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: Object.fromEntries(installed) }));
}, Number(process.env.NPM_TAKES ?? 0));`;

class Clone {
  readonly root: string;
  constructor(t: TestContext) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'fealty-run-')));
    t.after(() => rmSync(this.root, { recursive: true, force: true }));
    this.put('package-lock.json', JSON.stringify(LOCKED));
    this.put('npm/npm-cli.js', NPM);
    this.put(
      'cli/src/main.ts',
      'console.log(JSON.stringify({ cwd: process.cwd(), args: process.argv.slice(2) }));',
    );
    for (const file of ['tools/run.mjs', 'fealty']) {
      mkdirSync(dirname(join(this.root, file)), { recursive: true });
      copyFileSync(join(REPOSITORY, file), join(this.root, file));
    }
  }

  put(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  get installs(): number {
    const path = join(this.root, 'npm-calls');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').length : 0;
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  start(
    args: string[],
    options: { command?: string[]; cwd?: string; takes?: number; detached?: boolean } = {},
  ): Run {
    const [command = '', ...before] = options.command ?? [process.execPath, join(this.root, 'tools/run.mjs')];
    const child = spawn(command, [...before, ...args], {
      cwd: options.cwd ?? this.root,
      detached: options.detached ?? false,
      env: {
        PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
        npm_execpath: join(this.root, 'npm/npm-cli.js'),
        npm_node_execpath: process.execPath,
        NPM_TAKES: String(options.takes ?? 0),
      },
    });
    return new Run(child);
  }
}

class Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{
    code: number | null;
    signal: NodeJS.Signals | null;
    stdout: string;
    stderr: string;
  }>;
  stdout = '';
  stderr = '';
  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', text => {
      this.stdout += text;
    });
    child.stderr?.on('data', text => {
      this.stderr += text;
    });
    this.ended = once(child, 'close').then(([code, signal]) => ({
      code,
      signal,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (condition()) return;
    await sleep(20);
  }
  assert.fail(`never became true: ${condition}`);
}

test('the first run installs, the second does not, and both hand arguments and exit code over', async t => {
  const clone = new Clone(t);
  const program = ['-e', 'console.log(process.argv.slice(1).join()); process.exit(7)', 'a b', 'c'];
  for (const expected of [/Installing dependencies/, /^$/]) {
    const { code, stdout, stderr } = await clone.start(program).ended;
    assert.equal(code, 7);
    assert.equal(stdout, 'a b,c\n');
    assert.match(stderr, expected);
  }
  assert.equal(clone.installs, 1);
});

test('a changed lock file installs again', async t => {
  const clone = new Clone(t);
  await clone.start(['-e', '']).ended;
  clone.put('package-lock.json', JSON.stringify(LOCKED).replace('8.0.0', '8.0.1'));
  await clone.start(['-e', '']).ended;
  assert.equal(clone.installs, 2);
});

test('what a developer installed with npm itself is not installed again', async t => {
  const clone = new Clone(t);
  clone.put('node_modules/.package-lock.json', JSON.stringify(LOCKED));
  assert.equal((await clone.start(['-e', '']).ended).code, 0);
  assert.equal(clone.installs, 0);
});

test('two first runs at once install once, and the second says whom it waits for', async t => {
  const clone = new Clone(t);
  const first = clone.start(['-e', ''], { takes: 500 });
  await until(() => clone.installs === 1);
  const second = await clone.start(['-e', '']).ended;
  assert.match(second.stderr, /Waiting for process \d+/);
  assert.deepEqual([(await first.ended).code, second.code], [0, 0]);
  assert.equal(clone.installs, 1);
});

test('five first runs started together install once', async t => {
  const clone = new Clone(t);
  const runs = Array.from({ length: 5 }, () => clone.start(['-e', ''], { takes: 100 }).ended);
  assert.deepEqual(
    (await Promise.all(runs)).map(({ code }) => code),
    [0, 0, 0, 0, 0],
  );
  assert.equal(clone.installs, 1);
});

test('the lock of a process that is dead is taken over, also when its pid belongs to another one now', async t => {
  const clone = new Clone(t);
  clone.put('.fealty-install.lock', `${process.pid} 1`);
  assert.equal((await clone.start(['-e', '']).ended).code, 0);
  assert.equal(clone.installs, 1);
  assert.ok(!clone.has('.fealty-install.lock'));
});

test('after kill -9 of a launcher the next one waits for the npm that it left behind', async t => {
  const clone = new Clone(t);
  const first = clone.start(['-e', ''], { takes: 700 });
  await until(() => clone.has('.fealty-install.lock') && clone.installs === 1);
  await until(() => readFileSync(join(clone.root, '.fealty-install.lock'), 'utf8').includes('\n'));
  first.child.kill('SIGKILL');
  assert.equal((await clone.start(['-e', '']).ended).code, 0);
  assert.equal(clone.installs, 1);
});

test('a failed installation says so, ends with 1 and is tried again by the next run', async t => {
  const clone = new Clone(t);
  clone.put('npm-fails', '');
  const { code, stderr } = await clone.start(['-e', '']).ended;
  assert.equal(code, 1);
  assert.match(stderr, /could not be installed: npm ci ended with code 9/);
  rmSync(join(clone.root, 'npm-fails'));
  assert.equal((await clone.start(['-e', '']).ended).code, 0);
});

test('a package for this machine that npm silently left out is named instead of missed later', async t => {
  const clone = new Clone(t);
  clone.put('npm-skips', '');
  const { code, stderr } = await clone.start(['-e', '']).ended;
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`left out ${PLATFORM_PACKAGE}`));
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  for (const receiver of ['the launcher alone', 'the whole group, as by Ctrl-C']) {
    test(`${signal} to ${receiver} reaches the program once, and its exit code comes back`, async t => {
      const clone = new Clone(t);
      const program = `process.on('${signal}', () => { console.log('got it'); setTimeout(() => process.exit(5), 400); });
        setInterval(() => undefined, 1000); console.log('up');`;
      const run = clone.start(['-e', program], { detached: true });
      await until(() => run.stdout.includes('up'));
      const pid = run.child.pid ?? 0;
      process.kill(receiver.startsWith('the launcher') ? pid : -pid, signal);
      const { code, stdout } = await run.ended;
      assert.equal(code, 5);
      assert.equal(stdout, 'up\ngot it\n');
    });
  }
}

test('a program that a signal ended looks to the caller as if it had been run directly', async t => {
  const { signal } = await new Clone(t).start(['-e', 'process.kill(process.pid, "SIGKILL")']).ended;
  assert.equal(signal, 'SIGKILL');
});

test('./fealty runs the command line from any folder and through symbolic links, with spaces in arguments', async t => {
  const clone = new Clone(t);
  const elsewhere = join(clone.root, 'some where');
  mkdirSync(elsewhere);
  symlinkSync('../fealty', join(elsewhere, 'link'));
  symlinkSync(join(elsewhere, 'link'), join(elsewhere, 'link to link'));
  for (const command of [join(clone.root, 'fealty'), './link', './link to link']) {
    const { code, stdout, stderr } = await clone.start(['a b', '--json'], {
      command: [command],
      cwd: elsewhere,
    }).ended;
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { cwd: elsewhere, args: ['a b', '--json'] });
  }
});
