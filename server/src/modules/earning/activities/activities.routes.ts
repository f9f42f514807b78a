import * as z from 'zod';
import { accept, type Outcome } from '#platform/errors.ts';
import { type Api, BULK_BODY_LIMIT, type Credentials } from '#platform/http/api.ts';
import type { Problems } from '#platform/http/problems.ts';
import * as schemas from '#platform/http/schemas.ts';
import {
  businessKey,
  type Command,
  carryOut,
  effectsShape,
  type Ledger,
  memberText,
  sameForm,
  sourceOf,
} from '../../ledger/index.ts';
import { notJudgedShape } from '../not-judged.wire.ts';
import { bulkAnswerOf, bulkOf, preferHeader, prefersMinimal, rowOf, runRows } from '../orders/bulk.ts';
import type { Activity } from './activities.model.ts';
import { type ActivityAnswer, activityPayload } from './activities.ts';

const text = z.string();
export const attribute = z.union([z.string().max(2_000), z.number(), z.boolean()]);

const activitySchema = z
  .strictObject({
    external_id: schemas.externalId,
    source: schemas.sourceName.optional(),
    member: schemas.reference('mem'),
    type: schemas.line(64, 'review').meta({ description: "One of the program's `activities`." }),
    occurred_at: schemas.instant,
    attributes: z
      .record(schemas.line(64, 'stars'), attribute)
      .refine(attributes => Object.keys(attributes).length <= 32, 'must have at most 32 attributes')
      .optional()
      .meta({ description: 'Of the types that the program declares for this activity.' }),
  })
  .meta({ id: 'Activity', description: 'Something that a member did besides buying.' });

type ActivityInput = z.output<typeof activitySchema>;

/** An activity as callers see it. */
export const activityShape = {
  id: text,
  external_id: text,
  source: text,
  member: text,
  type: text,
  occurred_at: schemas.instant,
  streaks: z
    .array(z.strictObject({ streak: text, length: z.int() }))
    .meta({ description: 'Of the streaks that it counts for: how many days they had with it.' }),
};

const activityAnswer = z
  .strictObject({
    known: z.boolean(),
    activity: z.strictObject(activityShape),
    ...notJudgedShape,
    ...effectsShape,
  })
  .meta({ id: 'ActivityAnswer', description: 'What the activity earned, and the balances after it.' });

const bulkSchema = z
  .strictObject({ activities: z.array(rowOf(activitySchema)).min(1).max(1000) })
  .meta({ id: 'ActivityBulk' });
const bulkAnswer = bulkAnswerOf(activityAnswer, 'ActivityBulkAnswer');

const REFUSALS = [
  'activity_unknown',
  'activity_attribute_invalid',
  'occurred_in_future',
  'occurred_too_early',
  'key_reused',
  'source_not_allowed',
  'member_not_found',
  'member_reference_invalid',
  'points_out_of_range',
];

export function activityRoutes(api: Api, deps: { ledger: Ledger; problems: Problems }): void {
  const { ledger, problems } = deps;
  const commandFor = (programId: number, member: string, source: string, input: ActivityInput): Command => {
    const activity: Activity = {
      externalId: input.external_id,
      source,
      type: input.type,
      occurredAt: input.occurred_at,
      attributes: input.attributes ?? null,
    };
    return {
      type: 'activity',
      programId,
      member,
      key: businessKey(programId, source, 'activity', activity.externalId),
      payload: activityPayload(member, activity),
      body: { activity },
    };
  };
  const commandOf = async (
    programId: number,
    credentials: Credentials,
    input: ActivityInput,
  ): Promise<Outcome<Command>> => {
    const source = sourceOf(credentials, input.source);
    if (!source.ok) return source;
    if (input.member.id === undefined)
      return accept(commandFor(programId, memberText(input.member), source.value, input));
    const member = await sameForm(ledger, programId, input.member);
    return member.ok ? accept(commandFor(programId, member.value, source.value, input)) : member;
  };

  api.route(
    {
      method: 'POST',
      path: '/v1/activities',
      scope: 'activities:write',
      tag: 'Activities',
      operation: 'createActivity',
      summary: 'Tell what a member did besides buying, such as a review or a log-in',
      description:
        'Answers with what it earned. The same activity again is answered with the first answer and status 200.',
      program: true,
      dryRun: true,
      body: activitySchema,
      answers: { 200: activityAnswer, 201: activityAnswer },
      refusals: REFUSALS,
    },
    async ({ program, credentials, body, dryRun }) => {
      const command = await commandOf(program.id, credentials, body);
      if (!command.ok) return command;
      return carryOut<ActivityAnswer>(ledger, command.value, dryRun);
    },
  );

  api.route(
    {
      method: 'POST',
      path: '/v1/activities/bulk',
      scope: 'activities:write',
      tag: 'Activities',
      operation: 'createActivities',
      summary: 'Tell up to 1,000 activities',
      description: "Each row is taken or refused by itself; a member's rows keep their order.",
      program: true,
      dryRun: true,
      body: bulkSchema,
      bodyLimit: BULK_BODY_LIMIT,
      headers: preferHeader,
      answers: { 200: bulkAnswer },
      refusals: [],
    },
    async ({ program, credentials, body, dryRun, headers }) => {
      const minimal = prefersMinimal(headers);
      const outcomes = await runRows<ActivityAnswer, ActivityInput>(
        ledger,
        { rows: body.activities, schema: activitySchema, what: 'activity' },
        activity => commandOf(program.id, credentials, activity),
        { dryRun, minimal },
      );
      return accept(bulkOf(outcomes, problems, minimal));
    },
  );
}
