import {
  createHousehold,
  getHousehold,
  type HouseholdChangeAnswer,
  joinHousehold,
  leaveHousehold,
  listMembers,
  type Member,
} from '@fealty/sdk';
import { everyPage, openApi } from '../api.ts';
import { dryRun, program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { grouped, list, shortTime, table } from '../output.ts';

const household = {
  type: 'positional',
  description: 'The household: ext: and your own id, or mem_...',
  required: true,
} as const;
const member = {
  type: 'positional',
  description: 'Who: ext: and your own id, or mem_...',
  required: true,
} as const;

export const householdCreateCommand: Command = command({
  name: 'household create',
  summary: 'Make a household, whose members share a wallet',
  args: {
    id: { type: 'positional', description: 'Your own id of it, which no member has', required: true },
    'dry-run': dryRun,
    program,
  },
  examples: [
    { command: './fealty household create elm-street-4 --program shop', does: 'nobody is in it yet' },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const query = { dry_run: values['dry-run'] ? (true as const) : undefined };
    const answer = await ask(createHousehold({ client, query, body: { external_id: values.id } }));
    const { id, external_id } = answer.household;
    output.result(answer, () =>
      list([
        ['Household', answer.known ? `${id} (known)` : id],
        ['External id', external_id],
      ]),
    );
  },
});

const changeArgs = { household, member, 'dry-run': dryRun, program };

export const householdAddCommand: Command = command({
  name: 'household add',
  summary: 'Let a member join a household',
  args: changeArgs,
  examples: [
    { command: './fealty household add ext:elm-street-4 ext:lea --program shop', does: 'twice is once' },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const query = { dry_run: values['dry-run'] ? (true as const) : undefined };
    const path = { household: values.household, member: values.member };
    const answer = await ask(joinHousehold({ client, path, query }));
    output.result(answer, () => changed(answer));
  },
});

export const householdRemoveCommand: Command = command({
  name: 'household remove',
  summary: 'Let a member leave a household, with what the program gives back',
  args: changeArgs,
  examples: [
    {
      command: './fealty household remove ext:elm-street-4 ext:lea --program shop --dry-run',
      does: 'what lea would get',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const query = { dry_run: values['dry-run'] ? (true as const) : undefined };
    const path = { household: values.household, member: values.member };
    const answer = await ask(leaveHousehold({ client, path, query }));
    output.result(answer, () => changed(answer));
  },
});

function changed({ known, change }: HouseholdChangeAnswer): string {
  const back = change.given_back.map(({ points, unit }) => `${grouped(points)} ${unit}`);
  return list([
    ['Household', change.household],
    ['Member', change.member],
    [change.kind === 'join' ? 'Joined' : 'Left', `${shortTime(change.at)}${known ? ' (known)' : ''}`],
    ...(change.kind === 'leave' ? [['Given back', back.join(', ') || 'nothing'] as [string, string]] : []),
  ]);
}

export const householdShowCommand: Command = command({
  name: 'household show',
  summary: 'Show a household: who is in it or was, and who contributed what',
  args: { household, program },
  examples: [
    {
      command: './fealty household show ext:elm-street-4 --program shop',
      does: 'balances: fealty member show',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const found = await ask(getHousehold({ client, path: { household: values.household } }));
    output.result(found, () => {
      const facts = list([
        ['Household', found.id],
        ['External id', found.external_id],
      ]);
      if (found.members.length === 0) return `${facts}\n\nNobody was ever in it.`;
      const rows = found.members.flatMap(each => {
        const who = [
          each.member,
          shortTime(each.joined_at),
          each.left_at === null ? '' : shortTime(each.left_at),
        ];
        if (each.contributions.length === 0) return [[...who, '', '', '']];
        return each.contributions.map(({ unit, contributed, left, given_back: back }) => [
          ...who,
          `${grouped(contributed)} ${unit}`,
          grouped(left),
          grouped(back),
        ]);
      });
      return `${facts}\n\n${table(['member', 'joined', 'left', 'contributed', 'still there', 'given back'], rows)}`;
    });
  },
});

export const householdListCommand: Command = command({
  name: 'household list',
  summary: 'List the households of a program',
  args: { program },
  examples: [
    { command: './fealty household list --program shop', does: 'in the order in which they were made' },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const households = await everyPage<Member>(cursor =>
      ask(listMembers({ client, query: { type: 'household', limit: 1000, cursor } })),
    );
    output.result(households, () =>
      households.length === 0
        ? 'There are no households.'
        : table(
            ['household', 'external id', 'made'],
            households.map(found => [found.id, found.external_id, shortTime(found.enrolled_at)]),
          ),
    );
  },
});
