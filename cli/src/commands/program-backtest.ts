import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CountTiersResponse,
  countTiers,
  createBacktest,
  type GetBacktestResponse,
  getBacktest,
} from '@fealty/sdk';
import { type Api, openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { Failure } from '../failure.ts';
import { amountText } from '../import/currencies.ts';
import { grouped, type Output, shortTime, table } from '../output.ts';
import { readDocument } from './program-document.ts';

type Report = NonNullable<GetBacktestResponse['report']>;

const POLL_MS = 500;
/** Days that are shown; `--json` has them all. */
const SHOWN_DAYS = 31;

export const programBacktestCommand: Command = command({
  name: 'program backtest',
  summary: 'Replay the stored orders and activities under a draft, and say what would be different',
  args: {
    program: { type: 'positional', description: 'The name of the program', required: true },
    file: {
      type: 'string',
      valueHint: 'FILE',
      description:
        'The draft, as JSON; left out: the versions that were in force, which come to what happened',
    },
    from: {
      type: 'string',
      valueHint: 'INSTANT',
      description: 'The first instant; by default the beginning',
    },
    to: { type: 'string', valueHint: 'INSTANT', description: 'The end, which is outside; by default now' },
  },
  examples: [
    { command: './fealty program backtest shop --file shop.json', does: 'over everything that is stored' },
    {
      command: './fealty program backtest shop --file shop.json --from 2026-01-01T00:00:00Z --json',
      does: 'this year, with every day, for a program to read',
    },
  ],
  notes: ['Nothing is written to the ledger. Ctrl-C ends the waiting; the engine goes on with the report.'],
  async run(values, output) {
    const api = openApi(values.program);
    const body = {
      ...(values.file !== undefined && { document: readDocument(values.file) }),
      from: values.from,
      to: values.to,
    };
    const started = await api.ask(createBacktest({ client: api.client, body }));
    const { report } = await finished(api, started, output);
    if (report === null) throw new Error('a backtest is done and has no report');
    output.result(report, () => reportText(report));
  },
});

/** Waits for the end of a backtest and shows how far it is. */
async function finished(
  { client, ask }: Api,
  started: GetBacktestResponse,
  output: Output,
): Promise<GetBacktestResponse> {
  for (let now = started; ; ) {
    if (now.state === 'done') return now;
    if (now.state === 'failed') throw new Failure(`The backtest ${now.id} has failed. ${now.failure ?? ''}`);
    if (now.state === 'interrupted')
      throw new Failure(`The backtest ${now.id} has been interrupted. Start it again.`);
    const share = now.expected === 0 ? 100 : Math.floor((now.replayed * 100) / now.expected);
    if (output.isTerminal)
      output.redraw(`${share}%, ${grouped(now.replayed)} of ${grouped(now.expected)} replayed`);
    await sleep(POLL_MS);
    now = await ask(getBacktest({ client, path: { backtest: now.id } }));
  }
}

function reportText(report: Report): string {
  const { from, to, decisions, units, rules, gifts, not_judged: notJudged, tiers, days } = report;
  const { members, redemptions, velocity } = report;
  const line = (own: { actual: string; draft: string; difference: string }) =>
    [own.actual, own.draft, own.difference].map(grouped);
  const header = ['given', 'draft', 'difference'];
  return [
    `${grouped(decisions)} orders, returns and activities ${from === null ? '' : `from ${shortTime(from)} `}until ${shortTime(to)}`,
    table(
      ['unit', ...header, 'in money'],
      units.map(unit => [
        unit.unit,
        ...line(unit),
        unit.money === null ? '' : amountText(unit.money.difference, unit.money.currency),
      ]),
    ),
    table(
      ['rule', 'unit', ...header],
      rules.map(rule => [rule.rule, rule.unit, ...line(rule)]),
    ),
    ...(gifts.length === 0
      ? []
      : [
          table(
            ['campaign', 'gives', 'given', 'draft'],
            gifts.map(({ campaign, gives, actual, draft }) => [
              campaign,
              gives,
              ...[actual, draft].map(grouped),
            ]),
          ),
        ]),
    ...(notJudged.length === 0
      ? []
      : [
          'Conditions without an answer, which counted as not matched:',
          table(
            ['rule', 'then', 'draft'],
            notJudged.map(({ rule, actual, draft }) => [rule, ...[actual, draft].map(grouped)]),
          ),
        ]),
    ...(tiers.length === 0
      ? []
      : [
          table(
            ['tier', 'orders', 'draft', 'members', 'draft'],
            tiers.map(tier => [
              tier.tier,
              ...[tier.orders.actual, tier.orders.draft, tier.members.actual, tier.members.draft].map(
                grouped,
              ),
            ]),
          ),
        ]),
    `Members who win: ${grouped(members.winners)}; who lose: ${grouped(members.losers)}; unchanged: ${grouped(members.unchanged)}.`,
    `Redemptions that would have failed: ${grouped(redemptions.would_fail)}, of ${grouped(redemptions.points)} points.`,
    ...(velocity === null
      ? []
      : [
          `Velocity: ${grouped(velocity.cases)} cases of ${grouped(velocity.members)} members, ${grouped(velocity.pauses)} with a pause; held back until somebody decides: ${velocity.held.map(({ unit, points }) => `${grouped(points)} ${unit}`).join(', ') || 'nothing'}.`,
        ]),
    table(
      ['day', 'unit', ...header],
      days.slice(-SHOWN_DAYS).map(day => [day.day, day.unit, ...line(day)]),
    ),
    ...(days.length > SHOWN_DAYS
      ? [`The last ${SHOWN_DAYS} of ${days.length} days; --json has them all.`]
      : []),
  ].join('\n\n');
}

export const programTiersCommand: Command = command({
  name: 'program tiers',
  summary: 'Count the members of each tier',
  args: {
    program: { type: 'positional', description: 'The name of the program', required: true },
    'as-of': { type: 'string', valueHint: 'INSTANT', description: 'At an instant; by default now' },
  },
  examples: [
    { command: './fealty program tiers shop', does: 'now' },
    { command: './fealty program tiers shop --as-of 2026-01-01T00:00:00Z', does: 'at the turn of the year' },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const counted: CountTiersResponse = await ask(countTiers({ client, query: { as_of: values['as-of'] } }));
    output.result(counted, () =>
      table(
        ['tier', 'members'],
        counted.levels.map(({ tier, members }) => [tier, grouped(members)]),
      ),
    );
  },
});
