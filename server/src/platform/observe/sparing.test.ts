import assert from 'node:assert/strict';
import test from 'node:test';
import type { Log } from './log.ts';
import { SparingLog } from './sparing.ts';

test('of a kind of line ten a second are written, and the next one says how many were left out', () => {
  const lines: [level: string, line: object, message: string][] = [];
  const write = (level: string) => (line: object, message: string) => lines.push([level, line, message]);
  let now = 100.2;
  const log = new SparingLog({ warn: write('warn'), error: write('error') } as unknown as Log, () => now);
  for (let place = 0; place < 25; place += 1) log.note('warn', { place }, 'often');
  assert.deepEqual(
    lines,
    Array.from({ length: 10 }, (_, place) => ['warn', { place }, 'often']),
  );
  // Another kind has lines of its own.
  log.note('error', {}, 'once');
  assert.deepEqual(lines.splice(0).at(-1), ['error', {}, 'once']);
  now = 101;
  log.note('warn', { place: 25 }, 'often');
  log.note('warn', { place: 26 }, 'often');
  assert.deepEqual(lines, [
    ['warn', { place: 25, leftOut: 15 }, 'often'],
    ['warn', { place: 26 }, 'often'],
  ]);
});
