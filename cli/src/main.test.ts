import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Fate, startFakeEngine } from '../test/fake-engine.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fealty-cli-'));
test.after(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the command line as a person does, in an empty folder. */
function fealty(
  args: readonly string[],
  env: Record<string, string> = {},
  interruptAfter?: Promise<void>,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const nowhere = { FEALTY_DATA_DIR: join(folder, 'nothing-here'), FEALTY_URL: '', FEALTY_KEY: '' };
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: { ...process.env, ...nowhere, ...env },
    });
    const ended: Ended = { code: null, out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      ended.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      ended.err += text;
    });
    child.once('error', reject);
    child.once('close', code => resolve({ ...ended, code }));
    void interruptAfter?.then(() => child.kill('SIGINT'));
  });
}

test('help, version and slips have the right exit codes', async () => {
  const [help, version, nothing, slip, away, json] = await Promise.all([
    fealty(['--help']),
    fealty(['--version']),
    fealty([]),
    fealty(['import', 'order', 'x.csv']),
    fealty(['program', 'show', 'shop']),
    fealty(['program', 'show', 'shop', '--json']),
  ]);
  assert.equal(help.code, 0);
  assert.match(help.out, /import +Take over files/);
  assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
  assert.equal(nothing.code, 2);
  assert.equal(slip.code, 2);
  assert.match(slip.err, /Did you mean orders/);
  assert.equal(away.code, 1);
  assert.match(away.err, /No engine was found/);
  assert.equal((JSON.parse(json.out) as { ok: boolean }).ok, false);
});

test('an import prints its figures, as JSON where asked, and exit code 1 where rows were rejected', async t => {
  const fake = await startFakeEngine();
  t.after(fake.close);
  const env = { FEALTY_URL: fake.engine.url, FEALTY_KEY: fake.engine.key };
  writeFileSync(join(folder, 'two.csv'), 'member,date,amount\n1,2026-01-02,5.00\n2,soon,5.00\n');
  const first = await fealty(['import', 'orders', 'two.csv', '--program', 'shop', '--json'], env);
  assert.equal(first.code, 1);
  const report = JSON.parse(first.out) as Record<string, unknown>;
  assert.deepEqual(
    [report.created, report.known, report.rejected, report.reasons],
    [1, 0, 1, { date_invalid: 1 }],
  );
  assert.match(
    readFileSync(join(folder, 'two.csv.rejects.csv'), 'utf8'),
    /^2,date_invalid,.*,"2,soon,5.00"$/m,
  );
  writeFileSync(join(folder, 'one.csv'), 'member,date,amount\n1,2026-01-02,5.00\n');
  const second = await fealty(['import', 'orders', 'one.csv', '--program', 'shop'], env);
  assert.equal(second.code, 0);
  assert.match(second.out, /Orders created +1/);
  assert.equal(existsSync(join(folder, 'one.csv.rejects.csv')), false);
  const unknown = await fealty(['import', 'orders', 'one.csv', '--program', 'other'], env);
  assert.equal(unknown.code, 1);
});

test('Ctrl-C ends an import in order, with exit code 130 and words on how to go on', async t => {
  const { promise: stuck, resolve: isStuck } = Promise.withResolvers<void>();
  const fate = (call: number): Fate => {
    if (call > 8) isStuck();
    return call > 4 ? 'busy' : 'taken';
  };
  const fake = await startFakeEngine({ fate });
  t.after(fake.close);
  const rows = Array.from({ length: 3_000 }, (_, index) => `m${index % 50},2026-01-02,1.00`);
  writeFileSync(join(folder, 'long.csv'), `member,date,amount\n${rows.join('\n')}\n`);
  const env = { FEALTY_URL: fake.engine.url, FEALTY_KEY: fake.engine.key };
  const typed = ['import', 'orders', 'long.csv', '--program', 'shop', '--batch', '100', '--json'];
  const ended = await fealty(typed, env, stuck);
  assert.equal(ended.code, 130);
  const report = JSON.parse(ended.out) as Record<string, unknown>;
  assert.deepEqual([report.interrupted, report.created], [true, fake.orders.size]);
  assert.match(ended.err, /Run the same command again/);
});
