import { sweepProgram } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { command } from '../command.ts';
import { grouped, list } from '../output.ts';

export const sweepCommand = command({
  name: 'sweep',
  summary: 'Settle everything that is due: expiry, activation, ends of holds',
  args: { program: { type: 'string', description: 'The program', required: true } },
  examples: [{ command: './fealty sweep --program shop', does: 'what the timed job does, now' }],
  notes: ['Balances are right before any sweep too: it only writes down what time has done.'],
  async run(values, output) {
    const { client, ask } = openApi();
    const swept = await ask(sweepProgram({ client, path: { program: values.program } }));
    const points = (by: Record<string, string>): string =>
      Object.entries(by)
        .map(([unit, amount]) => `${grouped(amount)} ${unit}`)
        .join(', ') || '0';
    output.result(swept, () =>
      list([
        ['Wallets', grouped(swept.wallets)],
        ['Entries', grouped(swept.entries)],
        ['Expired', points(swept.expired)],
        ['Activated', points(swept.activated)],
        ['Released', points(swept.released)],
      ]),
    );
  },
});
