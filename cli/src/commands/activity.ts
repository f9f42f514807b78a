import { type ActivityAnswer, createActivity } from '@fealty/sdk';
import { openApi } from '../api.ts';
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
    program: { type: 'string', description: 'The program; not needed with a key that is bound to one' },
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

function shown({ known, activity, effects, not_judged: notJudged = [] }: ActivityAnswer): string {
  const facts = list([
    ['Activity', known ? `${activity.id} (known)` : activity.id],
    ['Type', activity.type],
    ['Member', activity.member],
    ['Happened', shortTime(activity.occurred_at)],
    ...activity.streaks.map(
      ({ streak, length }) => [`Streak ${streak}`, `${length} ${length === 1 ? 'day' : 'days'}`] as const,
    ),
    ...notJudged.map(({ rule, reason }) => ['Not judged', `${rule}: ${reason}`] as const),
  ]);
  if (effects.length === 0) return `${facts}\n\nIt earned nothing.`;
  const rows = effects.map(({ type, rule, points, unit, expires_at: at }) => [
    rule ?? type,
    `${grouped(points)} ${unit}`,
    at === null ? 'never' : shortTime(at),
  ]);
  return `${facts}\n\n${table(['rule', 'points', 'expires'], rows)}`;
}
