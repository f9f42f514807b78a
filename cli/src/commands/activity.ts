import { type ActivityAnswer, createActivity, getActivity, type StoredActivity } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { usageFailure } from '../failure.ts';
import { grouped, list, shortTime, table } from '../output.ts';

export const activitySendCommand: Command = command({
  name: 'activity send',
  summary: 'Tell what a member did besides buying, and show what it earned',
  args: {
    member: {
      type: 'positional',
      description: "ext: and your own id, or the engine's mem_...",
      required: true,
    },
    type: { type: 'positional', description: "One of the program's activities", required: true },
    id: {
      type: 'string',
      valueHint: 'ID',
      description: 'Your own id of the activity; sent again it earns nothing twice',
      required: true,
    },
    at: {
      type: 'string',
      valueHint: 'INSTANT',
      description: 'When it happened: 2026-11-21T10:00:00Z; left out: now',
    },
    attributes: {
      type: 'string',
      valueHint: 'JSON',
      description: 'What else is known of it: {"stars": 5}',
    },
    source: { type: 'string', valueHint: 'NAME', description: 'Where it comes from' },
    'dry-run': { type: 'boolean', description: 'Only say what would happen' },
    program,
  },
  examples: [
    {
      command: `./fealty activity send ext:42 review --id review-17 --attributes '{"stars": 5}' --program shop`,
      does: 'a review with its stars',
    },
    {
      command: './fealty activity send ext:42 login --id login-42-17 --dry-run --program shop',
      does: 'what a log-in would earn',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const { member, type, id, source, at } = values;
    const body = {
      external_id: id,
      source,
      member,
      type,
      occurred_at: at ?? new Date().toISOString(),
      attributes: attributesOf(values.attributes),
    };
    const answer = await ask(
      createActivity({ client, body, query: { dry_run: values['dry-run'] ? true : undefined } }),
    );
    output.result(answer, () => shown(answer));
  },
});

function attributesOf(text: string | undefined): Record<string, string | number | boolean> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, string | number | boolean>;
  } catch {
    // Told below, as for JSON that is no object.
  }
  throw usageFailure(`--attributes is a JSON object such as {"stars": 5}, not ${text}`);
}

export const activityShowCommand: Command = command({
  name: 'activity show',
  summary: 'Show an activity as it stands, with what it earned and what was taken back',
  args: {
    activity: {
      type: 'positional',
      description: "ext: and your own id, or the engine's act_...",
      required: true,
    },
    program,
    source: {
      type: 'string',
      valueHint: 'NAME',
      description: 'Where the activity came from, beside an ext: id',
    },
  },
  examples: [
    { command: './fealty activity show ext:review-17 --program shop', does: 'by your own id' },
    {
      command: './fealty activity show ext:visit-9 --source till --program shop',
      does: 'one that the till sent',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const { activity: id, source } = values;
    const activity = await ask(getActivity({ client, path: { activity: id }, query: { source } }));
    output.result(activity, () => stored(activity));
  },
});

function stored(activity: StoredActivity): string {
  const { program_version: version, attributes, earned, reratings } = activity;
  const facts = list([
    ['Activity', activity.id],
    ['Own id', `${activity.external_id} from ${activity.source}`],
    ...happened(activity, activity.not_judged),
    ...Object.entries(attributes ?? {}).map(([name, value]) => [`Attribute ${name}`, String(value)] as const),
    ['Decided by', `version ${version}`],
    ...reratings.map(
      ({ rerate, reverses, program_version: by }) =>
        [reverses ? 'Rerated back' : 'Rerated', `${rerate}, to version ${by}`] as const,
    ),
  ]);
  if (earned.length === 0) return `${facts}\n\nIt earned nothing.`;
  const rows = earned.map(({ rule, unit, earned: points, clawed_back: back }) => [
    rule,
    `${grouped(points)} ${unit}`,
    back === '0' ? '' : `${grouped(back)} ${unit}`,
  ]);
  return `${facts}\n\n${table(['rule', 'earned', 'taken back'], rows)}`;
}

function shown({ known, activity, effects, not_judged: notJudged }: ActivityAnswer): string {
  const facts = list([
    ['Activity', known ? `${activity.id} (known)` : activity.id],
    ...happened(activity, notJudged),
  ]);
  if (effects.length === 0) return `${facts}\n\nIt earned nothing.`;
  const rows = effects.map(({ type, rule, points, unit, expires_at: at }) => [
    rule ?? type,
    `${grouped(points)} ${unit}`,
    at === null ? 'never' : shortTime(at),
  ]);
  return `${facts}\n\n${table(['rule', 'points', 'expires'], rows)}`;
}

const happened = (
  { type, member, occurred_at: at, streaks }: ActivityAnswer['activity'],
  notJudged: ActivityAnswer['not_judged'] = [],
): (readonly [string, string])[] => [
  ['Type', type],
  ['Member', member],
  ['Happened', shortTime(at)],
  ...streaks.map(
    ({ streak, length }) => [`Streak ${streak}`, `${length} ${length === 1 ? 'day' : 'days'}`] as const,
  ),
  ...notJudged.map(({ rule, reason }) => ['Not judged', `${rule}: ${reason}`] as const),
];
