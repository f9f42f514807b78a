import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { findEngine, followEngine } from './config.ts';
import { Failure } from './failure.ts';

const folder = mkdtempSync(join(tmpdir(), 'fealty-config-'));
test.after(() => rmSync(folder, { recursive: true }));

function dataFolder(name: string, files: Record<string, string>): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

test('the engine is found through its data folder', () => {
  const FEALTY_DATA_DIR = dataFolder('running', { url: 'http://127.0.0.1:4100\n', key: 'fk_1\n' });
  assert.deepEqual(findEngine({ FEALTY_DATA_DIR }), { url: 'http://127.0.0.1:4100', key: 'fk_1' });
});

test('the environment comes before the data folder, and each may stand for the other where that is safe', () => {
  const FEALTY_DATA_DIR = dataFolder('both', { url: 'http://127.0.0.1:4100', key: 'fk_1' });
  const remote = { FEALTY_DATA_DIR, FEALTY_URL: 'https://engine.example', FEALTY_KEY: 'fk_2' };
  assert.deepEqual(findEngine(remote), { url: 'https://engine.example', key: 'fk_2' });
  assert.equal(findEngine({ FEALTY_DATA_DIR, FEALTY_KEY: 'fk_3' }).key, 'fk_3');
});

test('the key of the local engine is never sent to an address from the environment', () => {
  const FEALTY_DATA_DIR = dataFolder('local', { url: 'http://127.0.0.1:4100', key: 'fk_1' });
  assert.throws(
    () => findEngine({ FEALTY_DATA_DIR, FEALTY_URL: 'https://engine.example' }),
    /FEALTY_KEY is not/,
  );
});

test('what is missing or no address is said with what to do', () => {
  assert.throws(() => findEngine({ FEALTY_DATA_DIR: join(folder, 'none') }), /fealty start/);
  assert.throws(() => findEngine({ FEALTY_URL: 'engine:4100', FEALTY_KEY: 'k' }), Failure);
  assert.throws(() => findEngine({ FEALTY_URL: 'nonsense', FEALTY_KEY: 'k' }), /not an address/);
});

test('an engine that comes back elsewhere is followed, and remembered while it is away', () => {
  const FEALTY_DATA_DIR = dataFolder('moving', { url: 'http://127.0.0.1:1', key: 'fk_1' });
  const engine = followEngine({ FEALTY_DATA_DIR });
  rmSync(join(FEALTY_DATA_DIR, 'url'));
  assert.equal(engine().url, 'http://127.0.0.1:1');
  writeFileSync(join(FEALTY_DATA_DIR, 'url'), 'http://127.0.0.1:2');
  assert.equal(engine().url, 'http://127.0.0.1:2');
});
