import { type Entry, getBalances, getMember, listEntries, type WalletBalance } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { wholeNumber } from '../numbers.ts';
import { grouped, list, shortTime, table } from '../output.ts';

/** Dates of expiry that are shown; `--json` has them all. */
const SHOWN_DATES = 5;

export const memberShowCommand: Command = command({
  name: 'member show',
  summary: 'Show a member: balances, what expires next, the last entries',
  args: {
    member: {
      type: 'positional',
      description: "ext: and your own id, or the engine's mem_...",
      required: true,
    },
    program: { type: 'string', description: 'The program; not needed with a key that is bound to one' },
    'as-of': {
      type: 'string',
      valueHint: 'INSTANT',
      description: 'Balances as they were: 2026-11-21T10:00:00Z',
    },
    entries: {
      type: 'string',
      valueHint: 'N',
      default: '10',
      description: 'How many of the last entries, up to 1000',
    },
  },
  examples: [
    { command: './fealty member show ext:42 --program shop', does: 'by your own id' },
    {
      command: './fealty member show ext:42 --program shop --as-of 2026-06-30T00:00:00Z --json',
      does: 'balances of the past, for a program to read',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const path = { member: values.member };
    const asOf = values['as-of'];
    const limit = wholeNumber('--entries', values.entries, 1, 1000);
    const [member, balances, entries] = await Promise.all([
      ask(getMember({ client, path })),
      ask(getBalances({ client, path, query: { as_of: asOf, expiring: true } })),
      ask(listEntries({ client, path, query: { limit } })),
    ]);
    const facts = list([
      ['Member', member.id],
      ['External id', member.external_id],
      ['Status', member.status],
      ['Enrolled', shortTime(member.enrolled_at)],
      ['Balances as of', shortTime(balances.as_of)],
    ]);
    const result = { ...member, as_of: balances.as_of, balances: balances.balances, entries: entries.data };
    output.result(result, () =>
      [
        facts,
        '',
        balanceTable(balances.balances),
        ...expiryLines(balances.balances),
        '',
        entries.data.length === 0 ? 'No entries yet.' : entryTable(entries.data),
      ].join('\n'),
    );
  },
});

function balanceTable(balances: readonly WalletBalance[]): string {
  const header = ['unit', 'available', 'pending', 'held', 'debt', 'earned', 'redeemed', 'expired'];
  const rows = balances.map(({ unit, available, pending, held, debt, lifetime }) => [
    unit,
    ...[available, pending, held, debt, lifetime.earned, lifetime.redeemed, lifetime.expired].map(grouped),
  ]);
  return table(header, rows);
}

function expiryLines(balances: readonly WalletBalance[]): string[] {
  return balances.flatMap(({ unit, expiring = [] }) => {
    const shown = expiring
      .slice(0, SHOWN_DATES)
      .map(({ expires_at, points }) => `${grouped(points)} ${unit} expire ${shortTime(expires_at)}`);
    const more = expiring.length - shown.length;
    return more > 0 ? [...shown, `and ${unit} on ${more} later dates`] : shown;
  });
}

/** A change of one sum: nothing for none, a sign for what came. */
const change = (amount: string): string =>
  amount === '0' ? '' : amount.startsWith('-') ? grouped(amount) : `+${grouped(amount)}`;

function entryTable(entries: readonly Entry[]): string {
  const header = ['occurred', 'kind', 'unit', 'available', 'pending', 'held', 'rule', 'entry'];
  const rows = entries.map(entry => [
    shortTime(entry.occurred_at),
    entry.kind,
    entry.unit,
    change(entry.available),
    change(entry.pending),
    change(entry.held),
    entry.rule ?? '',
    entry.id,
  ]);
  return table(header, rows);
}
