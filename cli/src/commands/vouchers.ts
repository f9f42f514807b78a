import { type GiftVoucher, listGiftVouchers, retryGiftVoucher, revealGiftVoucher } from '@fealty/sdk';
import { everyPage, openApi } from '../api.ts';
import { program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { list, shortTime, table } from '../output.ts';

const member = {
  type: 'positional',
  description: 'ext: and your own id, or mem_...',
  required: true,
} as const;

export const vouchersListCommand: Command = command({
  name: 'vouchers list',
  summary: 'Show the vouchers that a member got by campaigns',
  args: { program, member },
  examples: [
    { command: './fealty vouchers list ext:42 --program shop', does: 'newest first, without codes' },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const vouchers = await everyPage<GiftVoucher>(cursor =>
      ask(listGiftVouchers({ client, path: { member: values.member }, query: { limit: 1000, cursor } })),
    );
    output.result(vouchers, () =>
      vouchers.length === 0
        ? 'The member has no vouchers.'
        : table(
            ['voucher', 'reward', 'campaign', 'state', 'given'],
            vouchers.map(({ id, reward, rule, state, reason, given_at: at }) => [
              id,
              reward,
              rule,
              reason === null ? state : `${state}: ${reason}`,
              shortTime(at),
            ]),
          ),
    );
  },
});

const voucher = { type: 'positional', description: 'The voucher: vch_...', required: true } as const;

/** What is told of a voucher besides its code. */
const about = (given: { reward: string; rule: string; state: string }): [string, string][] => [
  ['reward', given.reward],
  ['campaign', given.rule],
  ['state', given.state],
];

export const vouchersRevealCommand: Command = command({
  name: 'vouchers reveal',
  summary: 'Hand out the code of a voucher that a member got by a campaign',
  args: {
    program,
    member,
    voucher,
  },
  examples: [
    {
      command: './fealty vouchers reveal ext:42 vch_01k2t7xv3m0ae --program shop',
      does: 'shows the code; again, the same one',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const path = { member: values.member, voucher: values.voucher };
    const { voucher: given } = await ask(revealGiftVoucher({ client, path }));
    output.result(given, () => list([['code', given.code ?? ''], ...about(given)]));
  },
});

export const vouchersRetryCommand: Command = command({
  name: 'vouchers retry',
  summary: 'Give a voucher of a campaign that was refused, if it can be given now',
  args: {
    program,
    member,
    voucher,
  },
  examples: [
    {
      command: './fealty vouchers retry ext:42 vch_01k2t7xv3m0ae --program shop',
      does: 'after the limit of its reward was raised; given once, however often',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const path = { member: values.member, voucher: values.voucher };
    const { voucher: given } = await ask(retryGiftVoucher({ client, path }));
    output.result(given, () => list(about(given)));
  },
});
