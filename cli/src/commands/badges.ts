import {
  awardBadge,
  type BadgeAward,
  type BadgeAwardAnswer,
  listBadgeAwards,
  withdrawBadge,
} from '@fealty/sdk';
import { everyPage, openApi } from '../api.ts';
import { dryRun, member, program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { list, shortTime, table } from '../output.ts';

const reason = {
  type: 'string',
  valueHint: 'TEXT',
  description: 'Why; kept with the award',
  required: true,
} as const;

export const badgesAwardCommand: Command = command({
  name: 'badges award',
  summary: 'Award a member a badge by hand',
  args: {
    member,
    badge: { type: 'positional', description: 'One of the badges of the program', required: true },
    id: {
      type: 'string',
      valueHint: 'ID',
      description: 'Your own id of the award; sent again it is not awarded twice',
      required: true,
    },
    reason,
    'dry-run': dryRun,
    program,
  },
  examples: [
    {
      command: './fealty badges award ext:42 explorer --id bug-7 --reason "found the bug" --program shop',
      does: 'beside the badges that challenges give',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const { id, badge, reason: why } = values;
    const answer = await ask(
      awardBadge({
        client,
        path: { member: values.member },
        body: { external_id: id, badge, reason: why },
        query: { dry_run: values['dry-run'] ? true : undefined },
      }),
    );
    output.result(answer, () => awardText(answer));
  },
});

export const badgesWithdrawCommand: Command = command({
  name: 'badges withdraw',
  summary: 'Withdraw a badge that was awarded by hand',
  args: {
    member,
    award: { type: 'positional', description: 'The award: bdg_...', required: true },
    id: {
      type: 'string',
      valueHint: 'ID',
      description: 'Your own id of the withdrawal; sent again it is the same',
      required: true,
    },
    reason,
    'dry-run': dryRun,
    program,
  },
  examples: [
    {
      command:
        './fealty badges withdraw ext:42 bdg_0000000000000 --id no-bug-7 --reason "no bug" --program shop',
      does: 'the same badge of a challenge stays',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const answer = await ask(
      withdrawBadge({
        client,
        path: { member: values.member, award: values.award },
        headers: { 'idempotency-key': values.id },
        body: { reason: values.reason },
        query: { dry_run: values['dry-run'] ? true : undefined },
      }),
    );
    output.result(answer, () => awardText(answer));
  },
});

function awardText({ known, award }: BadgeAwardAnswer): string {
  const { withdrawal } = award;
  return list([
    ['Award', known ? `${award.id} (known)` : award.id],
    ['Badge', award.badge],
    ['Since', shortTime(award.awarded_at)],
    ['Reason', award.reason],
    ...(withdrawal === null
      ? []
      : ([['Withdrawn', `${shortTime(withdrawal.at)}: ${withdrawal.reason}`]] as [string, string][])),
  ]);
}

export const badgesListCommand: Command = command({
  name: 'badges list',
  summary: 'List the badges that a member was awarded by hand, newest first',
  args: { member, program },
  examples: [
    {
      command: './fealty badges list ext:42 --program shop',
      does: 'with those that were withdrawn, and why',
    },
  ],
  notes: ['`fealty member badges` has those of challenges too.'],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const awards = await everyPage<BadgeAward>(cursor =>
      ask(listBadgeAwards({ client, path: { member: values.member }, query: { cursor } })),
    );
    output.result(awards, () => (awards.length === 0 ? 'None.' : awardsTable(awards)));
  },
});

const awardsTable = (awards: readonly BadgeAward[]): string =>
  table(
    ['award', 'badge', 'since', 'reason', 'withdrawn'],
    awards.map(({ id, badge, awarded_at: at, reason: why, withdrawal }) => [
      id,
      badge,
      shortTime(at),
      why,
      withdrawal === null ? '' : `${shortTime(withdrawal.at)}: ${withdrawal.reason}`,
    ]),
  );
