import { getHoldout, type HoldoutReport } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { amountText } from '../import/currencies.ts';
import { grouped, shortTime, table } from '../output.ts';

export const programHoldoutCommand: Command = command({
  name: 'program holdout',
  summary: 'Compare the members to whom no campaign applies with the others',
  args: {
    program: { type: 'positional', description: 'The name of the program', required: true },
    from: {
      type: 'string',
      valueHint: 'INSTANT',
      description: 'The first instant; by default the beginning',
    },
    to: { type: 'string', valueHint: 'INSTANT', description: 'The end, which is outside; by default now' },
  },
  examples: [
    {
      command: './fealty program holdout shop --from 2026-01-01T00:00:00Z',
      does: 'members, orders, spend and points for each member, this year',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi();
    const query = { from: values.from, to: values.to };
    const report = await ask(getHoldout({ client, path: { program: values.program }, query }));
    output.result(report, () => reportText(report));
  },
});

function reportText(report: HoldoutReport): string {
  const { from, to, currency, unit, holdout, others } = report;
  const money = (amount: string) => amountText(amount, currency);
  const row = (name: string, own: HoldoutReport['holdout']) => [
    name,
    ...[own.members, own.buyers, own.orders].map(grouped),
    money(own.spend),
    own.orders_per_member,
    money(own.spend_per_member),
    own.points_per_member,
  ];
  return [
    `From ${shortTime(from)} until ${shortTime(to)}`,
    table(
      ['group', 'members', 'buyers', 'orders', 'spend', 'orders each', 'spend each', `${unit} each`],
      [row('holdout', holdout), row('others', others)],
    ),
  ].join('\n\n');
}
