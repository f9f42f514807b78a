import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { type Ledger, sourceOf } from '../../ledger/index.ts';
import { notJudgedShape, notJudgedTold } from '../not-judged.wire.ts';
import { type ActivityRead, readActivity } from './activities.reading.ts';
import { activityShape, attribute } from './activities.routes.ts';
import { activityToWire } from './activities.ts';

const text = z.string();

const storedActivity = z
  .strictObject({
    ...activityShape,
    attributes: z.record(text, attribute).nullable(),
    program_version: z.int().meta({ description: 'The one that decides it now.' }),
    earned: z
      .array(z.strictObject({ rule: text, unit: text, earned: text, clawed_back: text }))
      .meta({ description: 'By rules and streaks. Points of a challenge are not among them.' }),
    reratings: z
      .array(
        z.strictObject({
          rerate: text,
          reverses: z.boolean().meta({ description: 'Whether the re-rating was taken back.' }),
          program_version: z.int(),
        }),
      )
      .meta({ description: 'What decided it again, in that order.' }),
    ...notJudgedShape,
  })
  .meta({ id: 'StoredActivity' });

export function activityReadingRoutes(api: Api, deps: { ledger: Ledger; pool: Pool }): void {
  api.route(
    {
      method: 'GET',
      path: '/v1/activities/{activity}',
      scope: 'activities:read',
      tag: 'Activities',
      operation: 'getActivity',
      summary: 'An activity as it stands, with what it earned and what was taken back',
      program: true,
      params: z.strictObject({ activity: schemas.reference('act') }),
      query: z.strictObject({ source: schemas.sourceName.optional() }),
      answers: { 200: storedActivity },
      refusals: ['activity_not_found', 'source_not_allowed'],
    },
    async ({ program, credentials, params, query }) => {
      const source = sourceOf(credentials, query.source);
      const read = await readActivity(deps, program.id, params.activity, source);
      return read.ok ? accept(readToWire(read.value)) : read;
    },
  );
}

const readToWire = ({ state, reratings, faults, units }: ActivityRead) => ({
  ...activityToWire({ ...state, streaks: state.verdict.streaks }),
  attributes: state.activity.attributes,
  program_version: state.programVersion,
  earned: [...state.grants.values()].map(({ rule, unit, earned, clawed }) => ({
    rule,
    unit: units[unit] as string,
    earned: String(earned),
    clawed_back: String(clawed),
  })),
  reratings: reratings.map(({ rerateId, reverses, programVersion }) => ({
    rerate: wireId('rer', rerateId),
    reverses,
    program_version: programVersion,
  })),
  ...notJudgedTold(faults),
});
