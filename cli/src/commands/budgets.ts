import { type ListBudgetsResponse, listBudgets } from '@fealty/sdk';
import { everyPage, openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { amountText } from '../import/currencies.ts';
import { grouped, table } from '../output.ts';

type Budget = ListBudgetsResponse['data'][number];

export const programBudgetsCommand: Command = command({
  name: 'program budgets',
  summary: 'Show what is left of the budgets of campaigns',
  args: {
    program: { type: 'positional', description: 'The name of the program', required: true },
  },
  examples: [{ command: './fealty program budgets shop', does: 'granted and left, by campaign' }],
  notes: ['Campaigns with a budget in the version in force, and those that used one in an earlier version.'],
  async run(values, output) {
    const { client, ask } = openApi();
    const budgets = await everyPage<Budget>(cursor =>
      ask(listBudgets({ client, path: { program: values.program }, query: { limit: 1000, cursor } })),
    );
    output.result(budgets, () => (budgets.length === 0 ? 'No campaign has a budget.' : budgetTable(budgets)));
  },
});

function budgetTable(budgets: readonly Budget[]): string {
  const inMoney = budgets.some(({ money }) => money !== null);
  const header = ['campaign', 'points', 'granted', 'left', ...(inMoney ? ['money', 'left in money'] : [])];
  const rows = budgets.map(({ campaign, points, granted, left, money }) => [
    campaign,
    ...[points, granted, left].map(grouped),
    ...(inMoney ? [money?.amount, money?.left].map(minor => inWords(minor, money)) : []),
  ]);
  return table(header, rows);
}

/** An amount of a budget in money; nothing for one in points. */
const inWords = (minor: string | undefined, money: Budget['money']): string =>
  minor === undefined || money === null ? '' : amountText(minor, money.currency);
