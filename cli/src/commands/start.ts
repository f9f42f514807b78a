import { type Command, passThrough } from '../command.ts';
import { handOver } from '../handover.ts';

export const startCommand: Command = passThrough({
  name: 'start',
  summary: 'Run the engine here, with its own PostgreSQL, until Ctrl-C',
  examples: [
    { command: './fealty start', does: 'on port 4100, with the data in .fealty' },
    {
      command: 'FEALTY_PORT=4200 FEALTY_DATA_DIR=/srv/fealty ./fealty start',
      does: 'another port and folder',
    },
    {
      command: 'FEALTY_DATABASE_URL=postgres://fealty@db.example/fealty ./fealty start',
      does: 'a PostgreSQL (16 or later) of your own',
    },
  ],
  run: rest => handOver('server/src/main.ts', rest),
});
