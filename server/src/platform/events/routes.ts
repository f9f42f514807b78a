import * as z from 'zod';
import type { Pool } from '../db/client.ts';
import { accept, refuse } from '../errors.ts';
import type { Api } from '../http/api.ts';
import * as schemas from '../http/schemas.ts';
import { fromCursor, readFacts, START, toCursor } from './log.ts';

const text = z.string();

const eventSchema = z
  .strictObject({
    id: text,
    type: text,
    occurred_at: schemas.instant,
    booked_at: schemas.instant,
    recorded_at: schemas.instant,
    program: text,
    member: text,
    data: z.record(text, z.unknown()),
  })
  .meta({ id: 'Event', description: 'A fact, published in the transaction that made it true.' });

/** `GET /v1/events`: the embedded event log, in commit order. */
export const eventRoutes =
  ({ pool }: { pool: Pool }) =>
  (api: Api): void => {
    api.route(
      {
        method: 'GET',
        path: '/v1/events',
        scope: 'events:read',
        tag: 'Events',
        operation: 'listEvents',
        summary: 'Facts in the order in which they were committed',
        description:
          'Pass `next` as `after` to go on; it is always there, so that a reader can wait for more. Nothing is skipped, whatever commits late.',
        program: true,
        query: z.strictObject({ after: schemas.cursor.optional(), limit: schemas.limit }),
        answers: { 200: z.strictObject({ data: z.array(eventSchema), next: schemas.cursor }) },
        refusals: [],
      },
      async ({ program, query }) => {
        const after = query.after === undefined ? START : fromCursor(query.after);
        if (after === undefined) {
          return refuse('invalid_request', 'The cursor is not one of this log.', {
            errors: [{ pointer: '/query/after', message: 'must be the `next` of an earlier answer' }],
          });
        }
        const { events, next } = await readFacts(pool, program, after, query.limit);
        return accept({ data: events, next: toCursor(next) });
      },
    );
  };
