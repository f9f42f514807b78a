import { type GetBadgesResponse, type GetChallengesResponse, getBadges, getChallenges } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { amountText } from '../import/currencies.ts';
import { grouped, shortTime, table } from '../output.ts';

type Challenge = GetChallengesResponse['data'][number];
type Badge = GetBadgesResponse['data'][number];

const args = {
  member: {
    type: 'positional',
    description: "ext: and your own id, or the engine's mem_...",
    required: true,
  },
  program,
} as const;

export const memberChallengesCommand: Command = command({
  name: 'member challenges',
  summary: 'Show how far a member is in each challenge, and what is missing',
  args,
  examples: [
    { command: './fealty member challenges ext:42 --program shop', does: 'in the periods that go on' },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const answer = await ask(getChallenges({ client, path: { member: values.member } }));
    output.result(answer, () =>
      answer.data.length === 0 ? 'The program has no challenges.' : challengeTable(answer.data),
    );
  },
});

export const memberBadgesCommand: Command = command({
  name: 'member badges',
  summary: 'Show the badges of a member, and those that were withdrawn',
  args,
  examples: [{ command: './fealty member badges ext:42 --program shop', does: 'the latest first' }],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const answer = await ask(getBadges({ client, path: { member: values.member } }));
    output.result(answer, () => (answer.data.length === 0 ? 'No badges yet.' : badgeTable(answer.data)));
  },
});

function challengeTable(challenges: readonly Challenge[]): string {
  const rows = challenges.map(({ challenge, state, progress, target, missing, period, currency, goals }) => {
    const inWords = (amount: string) => (currency === null ? grouped(amount) : amountText(amount, currency));
    return [
      challenge,
      state,
      target === null ? inWords(progress) : `${inWords(progress)} of ${inWords(target)}`,
      target === null ? '' : inWords(missing),
      period.until === null ? '' : shortTime(period.until),
      String(goals.reduce((sum, { reached }) => sum + reached.length, 0)),
    ];
  });
  return table(['challenge', 'state', 'progress', 'missing', 'until', 'reached'], rows);
}

const badgeTable = (badges: readonly Badge[]): string =>
  table(
    ['badge', 'name', 'since', 'from', 'withdrawn'],
    badges.map(({ badge, name, since, challenge, reason, withdrawn_at: at }) => [
      badge,
      name,
      shortTime(since),
      challenge ?? `by hand: ${reason}`,
      at === null ? '' : shortTime(at),
    ]),
  );
