import { setTimeout as sleep } from 'node:timers/promises';
import {
  applyRerate,
  createRerate,
  type GetRerateResponse,
  getRerate,
  type ListRerateOrdersResponse,
  listRerateOrders,
  reverseRerate,
} from '@fealty/sdk';
import { type Api, everyPage, openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { Failure } from '../failure.ts';
import { wholeNumber } from '../numbers.ts';
import { grouped, list, type Output, shortTime, table } from '../output.ts';

type Row = ListRerateOrdersResponse['data'][number];

const POLL_MS = 300;
/** Rows that are shown; `--json` has them all. */
const SHOWN = 50;
const program = { type: 'positional', description: 'The name of the program', required: true } as const;
const rerate = { type: 'positional', description: 'The id, rer_...', required: true } as const;

export const reratePlanCommand: Command = command({
  name: 'program rerate plan',
  summary: 'Decide the orders and activities of a period again, and show what would change',
  args: {
    program,
    from: {
      type: 'string',
      valueHint: 'INSTANT',
      description: 'The first instant of the period',
      required: true,
    },
    to: { type: 'string', valueHint: 'INSTANT', description: 'Its end, which is outside', required: true },
    version: {
      type: 'string',
      valueHint: 'N',
      description: 'The version to decide by; by default the one in force when each of them occurred',
    },
    note: { type: 'string', valueHint: 'TEXT', description: 'Why, for whoever asks later', required: true },
  },
  examples: [
    {
      command:
        './fealty program rerate plan shop --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z --note "late orders"',
      does: 'brings what came late into its place',
    },
  ],
  notes: ['Nothing is written to the ledger before the plan is applied.'],
  async run(values, output) {
    const api = openApi(values.program);
    const { from, to, note } = values;
    const version =
      values.version === undefined ? undefined : wholeNumber('--version', values.version, 1, 2 ** 31 - 1);
    const started = await api.ask(createRerate({ client: api.client, body: { from, to, note, version } }));
    await show(api, await settled(api, started, output), output);
  },
});

export const rerateShowCommand: Command = command({
  name: 'program rerate show',
  summary: 'Show a re-rating, with every order and activity',
  args: { program, rerate },
  examples: [{ command: './fealty program rerate show shop rer_01j9zc3x5k8qv --json', does: 'every row' }],
  async run(values, output) {
    const api = openApi(values.program);
    const path = { rerate: values.rerate };
    await show(api, await api.ask(getRerate({ client: api.client, path })), output);
  },
});

const step = (name: 'apply' | 'reverse', summary: string, does: string): Command =>
  command({
    name: `program rerate ${name}`,
    summary,
    args: { program, rerate },
    examples: [{ command: `./fealty program rerate ${name} shop rer_01j9zc3x5k8qv`, does }],
    notes: ['Interrupted, it can be asked for again: each order and activity is done once.'],
    async run(values, output) {
      const api = openApi(values.program);
      const ask = name === 'apply' ? applyRerate : reverseRerate;
      const started = await api.ask(ask({ client: api.client, path: { rerate: values.rerate } }));
      const ended = await settled(api, started, output);
      output.result(ended, () => facts(ended));
    },
  });

export const rerateApplyCommand = step(
  'apply',
  'Carry out the plan of a re-rating',
  'posts the compensating entries',
);
export const rerateReverseCommand = step('reverse', 'Take a re-rating back', 'posts the opposite');

/** Waits for the end of a step and shows how far it is. */
async function settled(
  { client, ask }: Api,
  started: GetRerateResponse,
  output: Output,
): Promise<GetRerateResponse> {
  for (let now = started; ; ) {
    if (now.state === 'interrupted' || now.state === 'failed')
      throw new Failure(`The re-rating ${now.id} was interrupted. Ask for the same step again.`);
    if (now.state === 'planned' || now.state === 'applied' || now.state === 'reversed') return now;
    if (output.isTerminal) output.redraw(`${now.state}: ${grouped(now.done)}`);
    await sleep(POLL_MS);
    now = await ask(getRerate({ client, path: { rerate: now.id } }));
  }
}

async function show({ client, ask }: Api, found: GetRerateResponse, output: Output): Promise<void> {
  const orders = await everyPage<Row>(cursor =>
    ask(listRerateOrders({ client, path: { rerate: found.id }, query: { limit: 1000, cursor } })),
  );
  output.result({ ...found, data: orders }, () =>
    [facts(found), ...(orders.length === 0 ? [] : [ordersText(orders)])].join('\n\n'),
  );
}

const facts = (found: GetRerateResponse): string =>
  list([
    ['Re-rating', found.id],
    ['State', found.state],
    ['Period', `${shortTime(found.from)} to ${shortTime(found.to)}`],
    ['Version', found.version === null ? 'in force when each of them occurred' : String(found.version)],
    ['Note', found.note],
    [
      'Differently',
      `${grouped(found.orders)} orders and ${grouped(found.activities)} activities of ${grouped(found.members)} members`,
    ],
    ...found.change.map(({ unit, points }): [string, string] => [`Change in ${unit}`, grouped(points)]),
    ['Applied', `${grouped(found.applied)}, refused ${grouped(found.refused)}`],
    ['Reversed', `${grouped(found.reversed)}, refused ${grouped(found.not_reversed)}`],
  ]);

function ordersText(orders: readonly Row[]): string {
  const rows = orders
    .slice(0, SHOWN)
    .map(({ member, order, activity, change, tier_before, tier, applied }) => [
      member,
      order ?? activity ?? '',
      change.map(({ unit, points }) => `${grouped(points)} ${unit}`).join(', '),
      tier_before === tier ? (tier ?? '') : `${tier_before ?? 'none'} to ${tier ?? 'none'}`,
      applied ?? 'planned',
    ]);
  const more =
    orders.length > SHOWN ? `\n\nThe first ${SHOWN} of ${grouped(orders.length)}; --json has them all.` : '';
  return table(['member', 'order or activity', 'change', 'tier', 'state'], rows) + more;
}
