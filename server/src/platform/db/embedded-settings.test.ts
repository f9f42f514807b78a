import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from './embedded-settings.ts';

const GB = 2 ** 30;
const sizes = (memory: number, freeDisk: number) => {
  const { shared_buffers, max_wal_size } = defaultSettings({ memory, freeDisk });
  return [shared_buffers, max_wal_size];
};

test('memory and log follow the machine, within bounds', () => {
  assert.deepEqual(sizes(8 * GB, 40 * GB), ['2048MB', '10240MB']);
  assert.deepEqual(sizes(GB / 4, GB), ['128MB', '1024MB']);
  assert.deepEqual(sizes(512 * GB, 4096 * GB), ['4096MB', '16384MB']);
});
