import { type Command, passThrough } from '../command.ts';
import { handOver } from '../handover.ts';

export const benchCommand: Command = passThrough({
  name: 'bench',
  summary: 'Measure throughput and latency of each path on this machine',
  examples: [{ command: './fealty bench', does: 'every path, on an engine and a database of its own' }],
  run: rest => handOver('bench/src/main.ts', rest),
});
