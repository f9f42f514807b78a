import { z } from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeIdCursor, encodeCursor, foreignCursor } from '#platform/http/cursors.ts';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { time } from '../../ledger/index.ts';
import { listLateOrders } from './late.store.ts';

const text = z.string();

/** Orders that came late, for who may want to re-rate. */
export function lateRoutes(api: Api, { pool }: { pool: Pool }): void {
  api.route(
    {
      method: 'GET',
      path: '/v1/late-orders',
      scope: 'orders:read',
      tag: 'Orders',
      operation: 'listLateOrders',
      summary: 'Orders that came late, in the order in which they came',
      description:
        'Each was decided by its own time and changed nothing that was decided before. A re-rating brings what came after it up to date.',
      program: true,
      query: schemas.pageQuery,
      answers: {
        200: schemas.page(
          z.strictObject({
            order: text,
            member: text,
            occurred_at: schemas.instant,
            booked_at: schemas.instant,
            out_of_order: z.boolean().describe('A later order of the member had been decided before.'),
          }),
        ),
      },
    },
    async ({ program, query }) => {
      const after = query.cursor === undefined ? 0n : decodeIdCursor(query.cursor);
      if (after === undefined) return foreignCursor();
      const rows = await listLateOrders(pool, program.id, after, query.limit);
      const last = rows.length === query.limit ? rows.at(-1) : undefined;
      return accept({
        data: rows.map(row => ({
          order: wireId('ord', row.orderId),
          member: wireId('mem', BigInt(row.memberId)),
          occurred_at: time(row.occurredAt),
          booked_at: time(row.bookedAt),
          out_of_order: row.outOfOrder,
        })),
        next: last === undefined ? null : encodeCursor(String(last.orderId)),
      });
    },
  );
}
