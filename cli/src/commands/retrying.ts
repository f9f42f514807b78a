import { type RefusedVouchersRetried, retryRefusedVouchers } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { dryRun, program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { grouped, list } from '../output.ts';

/** Vouchers of one call: about a second. */
const VOUCHERS_A_CALL = 500;

type Counts = Omit<RefusedVouchersRetried, 'left' | 'next'>;

export const vouchersRetryAllCommand: Command = command({
  name: 'vouchers retry-all',
  summary:
    'Give the vouchers of a campaign or of a reward that were refused, as far as they can be given now',
  args: {
    campaign: { type: 'string', valueHint: 'ID', description: 'Those of this campaign' },
    reward: { type: 'string', valueHint: 'ID', description: 'Those of this reward' },
    'dry-run': dryRun,
    program,
  },
  examples: [
    {
      command: './fealty vouchers retry-all --campaign treat --program shop',
      does: 'until all were tried; interrupted, run it again',
    },
    {
      command: './fealty vouchers retry-all --reward cinema --program shop --dry-run',
      does: 'changes nothing',
    },
  ],
  notes: [
    'Name a campaign, a reward, or both. What was given stays given, however often it is run.',
    'A dry run decides pages of 500 apart: a code or a limit that two of them want is counted in both.',
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const { campaign, reward } = values;
    const query = { dry_run: values['dry-run'] ? (true as const) : undefined };
    let sum: Counts = { tried: 0, given: 0, waiting: 0, refused: [], meanwhile: 0 };
    for (let after: string | undefined; ; ) {
      const body = { campaign, reward, most: VOUCHERS_A_CALL, after };
      const { left, next, ...page } = await ask(retryRefusedVouchers({ client, body, query }));
      sum = added(sum, page);
      if (next === null) break;
      after = next;
      const told = `${grouped(String(sum.tried))} tried, ${grouped(String(sum.given))} given, ${grouped(String(left))} left`;
      if (output.isTerminal) output.redraw(told);
      else output.note(told);
    }
    output.result(sum, () => countsText(sum));
  },
});

function added(sum: Counts, page: Counts): Counts {
  const refused = Map.groupBy([...sum.refused, ...page.refused], ({ reason }) => reason);
  return {
    tried: sum.tried + page.tried,
    given: sum.given + page.given,
    waiting: sum.waiting + page.waiting,
    refused: [...refused].map(([reason, rows]) => ({
      reason,
      count: rows.reduce((total, { count }) => total + count, 0),
    })),
    meanwhile: sum.meanwhile + page.meanwhile,
  };
}

const countsText = ({ tried, given, waiting, refused, meanwhile }: Counts): string =>
  list([
    ['Tried', grouped(String(tried))],
    ['Given', grouped(String(given))],
    ['Waiting for codes', grouped(String(waiting))],
    ...refused.map(({ reason, count }): [string, string] => [`Refused: ${reason}`, grouped(String(count))]),
    ...(meanwhile === 0 ? [] : ([['Changed meanwhile', grouped(String(meanwhile))]] as [string, string][])),
  ]);
