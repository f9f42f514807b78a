import {
  endTierGrant,
  type GetTierResponses,
  getTier,
  grantTier,
  listTierGrants,
  type TierGrant,
  type TierGrantAnswer,
} from '@fealty/sdk';
import { everyPage, openApi } from '../api.ts';
import { dryRun, member, program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { grouped, list, shortTime, table } from '../output.ts';

const reason = {
  type: 'string',
  valueHint: 'TEXT',
  description: 'Why; kept with the grant',
  required: true,
} as const;

export const tierShowCommand: Command = command({
  name: 'tier show',
  summary: 'The tier of a member, how long it lasts, and what is missing to keep it and to the next one',
  args: {
    member,
    'as-of': {
      type: 'string',
      valueHint: 'TIME',
      description:
        'At another time, such as 2026-12-31T23:00:00Z; in the future: if nothing happens until then',
    },
    program,
  },
  examples: [{ command: './fealty tier show ext:42 --program shop', does: 'now' }],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const query = { as_of: values['as-of'] };
    const tier = await ask(getTier({ client, path: { member: values.member }, query }));
    output.result(tier, () => tierText(tier));
  },
});

function tierText(tier: GetTierResponses[200]): string {
  const { granted, next, until, projected } = tier;
  const counted = tier.window_from === null ? 'in all' : `since ${shortTime(tier.window_from)}`;
  const last = granted?.until == null ? 'for good' : `until ${shortTime(granted.until)}`;
  const keep = projected.missing === null ? '' : `; ${grouped(projected.missing)} more to keep it`;
  return list([
    ['Member', `${tier.external_id} (${tier.member})`],
    ['Tier', tier.tier],
    ['Qualifies by', `${tier.qualify_by}: ${grouped(tier.sum)} ${counted}`],
    ...(granted === null ? [] : ([['Given by hand', `${granted.grant}, ${last}`]] as [string, string][])),
    ['Next', next === null ? 'none' : `${next.tier}, ${grouped(next.missing)} more`],
    [
      'Lasts',
      until === null ? 'not ended by time alone' : `until ${shortTime(until)}, then ${projected.tier}${keep}`,
    ],
  ]);
}

export const tierGrantCommand: Command = command({
  name: 'tier grant',
  summary: 'Give a member a tier by hand',
  args: {
    member,
    tier: { type: 'positional', description: 'One of the levels of the program', required: true },
    id: {
      type: 'string',
      valueHint: 'ID',
      description: 'Your own id of the grant; sent again it is not given twice',
      required: true,
    },
    reason,
    from: { type: 'string', valueHint: 'TIME', description: 'Left out: now. Not in the past' },
    until: { type: 'string', valueHint: 'TIME', description: 'Left out: for good, or until it is ended' },
    'dry-run': dryRun,
    program,
  },
  examples: [
    {
      command:
        './fealty tier grant ext:42 gold --id match-42 --reason "status match" --until 2027-01-01T00:00:00Z',
      does: 'beside what the member qualifies for: the higher of both counts',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const { id, tier, reason: why, from, until } = values;
    const answer = await ask(
      grantTier({
        client,
        path: { member: values.member },
        body: { external_id: id, tier, reason: why, from, until },
        query: { dry_run: values['dry-run'] ? true : undefined },
      }),
    );
    output.result(answer, () => grantText(answer));
  },
});

export const tierEndCommand: Command = command({
  name: 'tier end',
  summary: 'End a tier that was given by hand',
  args: {
    member,
    grant: { type: 'positional', description: 'The grant: tgr_...', required: true },
    id: {
      type: 'string',
      valueHint: 'ID',
      description: 'Your own id of the end; sent again it is the same',
      required: true,
    },
    reason,
    'dry-run': dryRun,
    program,
  },
  examples: [
    {
      command:
        './fealty tier end ext:42 tgr_0000000000000 --id end-42 --reason "left the airline" --program shop',
      does: 'what was decided while it was valid stays',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const answer = await ask(
      endTierGrant({
        client,
        path: { member: values.member, grant: values.grant },
        headers: { 'idempotency-key': values.id },
        body: { reason: values.reason },
        query: { dry_run: values['dry-run'] ? true : undefined },
      }),
    );
    output.result(answer, () => grantText(answer));
  },
});

function grantText({ known, grant }: TierGrantAnswer): string {
  return list([
    ['Grant', known ? `${grant.id} (known)` : grant.id],
    ['Tier', grant.tier],
    ['Valid', validity(grant)],
    ['Reason', grant.reason],
    ...(grant.end === null
      ? []
      : ([['Ended', `${shortTime(grant.end.at)}: ${grant.end.reason}`]] as [string, string][])),
  ]);
}

const validity = ({ from, until }: TierGrant): string =>
  `from ${shortTime(from)} ${until === null ? 'for good' : `until ${shortTime(until)}`}`;

export const tierGrantsCommand: Command = command({
  name: 'tier grants',
  summary: 'List the tiers that a member was given by hand, newest first',
  args: { member, program },
  examples: [{ command: './fealty tier grants ext:42 --program shop', does: 'with who gave them, and why' }],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const grants = await everyPage<TierGrant>(cursor =>
      ask(listTierGrants({ client, path: { member: values.member }, query: { cursor } })),
    );
    output.result(grants, () => (grants.length === 0 ? 'None.' : grantsTable(grants)));
  },
});

const grantsTable = (grants: readonly TierGrant[]): string =>
  table(
    ['grant', 'tier', 'valid', 'ended', 'reason'],
    grants.map(grant => [
      grant.id,
      grant.tier,
      validity(grant),
      grant.end === null ? '' : shortTime(grant.end.at),
      grant.reason,
    ]),
  );
