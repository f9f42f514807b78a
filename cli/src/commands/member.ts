import {
  type Entry,
  getBalances,
  getMember,
  listEntries,
  type Profile,
  patchProfile,
  type WalletBalance,
} from '@fealty/sdk';
import { openApi } from '../api.ts';
import { program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { usageFailure } from '../failure.ts';
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
    program,
    'as-of': {
      type: 'string',
      valueHint: 'INSTANT',
      description: 'Balances and profile as they were: 2026-11-21T10:00:00Z',
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
      ask(getMember({ client, path, query: { as_of: asOf } })),
      ask(getBalances({ client, path, query: { as_of: asOf, expiring: true } })),
      ask(listEntries({ client, path, query: { limit } })),
    ]);
    const facts = list([
      ['Member', member.id],
      ['External id', member.external_id],
      ['Status', member.status],
      ['Enrolled', shortTime(member.enrolled_at)],
      ...profileLines(member.profile),
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

/** What is known of a member; nothing for what is not. */
function profileLines({ country, birth_date, time_zone, attributes }: Profile): [string, string][] {
  const known: [string, string | null][] = [
    ['Country', country],
    ['Birth date', birth_date],
    ['Time zone', time_zone],
    ...Object.entries(attributes).map(([name, value]): [string, string] => [name, String(value)]),
  ];
  return known.flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
}

export const memberProfileCommand: Command = command({
  name: 'member profile',
  summary: 'Change what is known of a member',
  args: {
    member: {
      type: 'positional',
      description: "ext: and your own id, or the engine's mem_...",
      required: true,
    },
    program,
    country: {
      type: 'string',
      valueHint: 'CODE',
      description: 'Two capital letters (ISO 3166-1); - for unknown',
    },
    'birth-date': { type: 'string', valueHint: 'DATE', description: 'Such as 1984-02-29; - for unknown' },
    'time-zone': { type: 'string', valueHint: 'ZONE', description: 'Such as Europe/Paris; - for unknown' },
    attributes: {
      type: 'string',
      valueHint: 'JSON',
      description: 'Texts, numbers, true and false by name; null removes one',
    },
    at: {
      type: 'string',
      valueHint: 'INSTANT',
      description: 'From when on it holds: 2026-11-21T10:00:00Z; by default from now on',
    },
  },
  examples: [
    {
      command: './fealty member profile ext:42 --program shop --country NL',
      does: 'the country, from now on',
    },
    {
      command: `./fealty member profile ext:42 --program shop --attributes '{ "newsletter": true, "size": null }'`,
      does: 'attributes of your own; what is not named stays as it is',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const known = (value: string | undefined) => (value === '-' ? null : value);
    const body = {
      country: known(values.country),
      birth_date: known(values['birth-date']),
      time_zone: known(values['time-zone']),
      attributes: values.attributes === undefined ? undefined : attributesOf(values.attributes),
      occurred_at: values.at,
    };
    const changed = await ask(patchProfile({ client, path: { member: values.member }, body }));
    output.result(changed, () =>
      list([
        ['Member', changed.member],
        ['Changed', changed.changed.join(', ') || 'nothing, it was so already'],
        ['From', shortTime(changed.valid_from)],
        ...profileLines(changed.profile),
      ]),
    );
  },
});

/** The engine checks the values; here it is only made sure that they are named. */
function attributesOf(text: string): Record<string, string | number | boolean | null> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, string | number | boolean | null>;
  } catch {
    // Told below.
  }
  throw usageFailure(`--attributes takes a JSON object such as '{ "newsletter": true }', not ${text}.`);
}

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
