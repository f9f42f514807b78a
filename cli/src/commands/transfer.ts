import { createTransfer, type TransferAnswer } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { dryRun, program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { grouped, list, shortTime, table } from '../output.ts';

export const transferCommand: Command = command({
  name: 'transfer',
  summary: 'Give points from one member to another',
  args: {
    points: { type: 'positional', description: 'How many', required: true },
    from: {
      type: 'string',
      valueHint: 'MEMBER',
      description: 'Who gives: ext: and your own id, or mem_...',
      required: true,
    },
    to: { type: 'string', valueHint: 'MEMBER', description: 'Who is given', required: true },
    id: {
      type: 'string',
      valueHint: 'ID',
      description: 'Your own id of the transfer; sent again it is not carried out twice',
      required: true,
    },
    unit: { type: 'string', description: "Left out: the program's first unit that can be spent" },
    reason: { type: 'string', valueHint: 'TEXT', description: 'Kept with the entries' },
    'dry-run': dryRun,
    program,
  },
  examples: [
    {
      command: './fealty transfer 500 --from ext:ann --to ext:ben --id gift-1 --program shop',
      does: 'what ben gets expires when it would have with ann',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const { points, from, to, id, unit, reason } = values;
    const body = { external_id: id, from, to, points, unit, reason };
    const answer = await ask(
      createTransfer({ client, body, query: { dry_run: values['dry-run'] ? true : undefined } }),
    );
    output.result(answer, () => shown(answer));
  },
});

function shown({ known, transfer, from, to }: TransferAnswer): string {
  const { id, points, fee, unit } = transfer;
  const left = (side: TransferAnswer['from']) =>
    grouped(side.balances.find(balance => balance.unit === unit)?.available ?? '0');
  const facts = list([
    ['Transfer', known ? `${id} (known)` : id],
    ['Points', `${grouped(points)} ${unit}${fee === '0' ? '' : `, and a fee of ${grouped(fee)}`}`],
    ['From', `${from.member}, who has ${left(from)} left`],
    ['To', `${to.member}, who has ${left(to)} now`],
  ]);
  const arrived = to.effects.filter(({ type }) => type === 'transfer');
  const lots = table(
    ['arrived', 'expires'],
    arrived.map(({ points: amount, expires_at: at }) => [
      grouped(amount),
      at === null ? 'never' : shortTime(at),
    ]),
  );
  return `${facts}\n\n${lots}`;
}
