import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeCursor, encodeCursor } from '#platform/http/cursors.ts';
import * as schemas from '#platform/http/schemas.ts';
import type { Ledger } from '../../ledger/index.ts';
import { versionAt } from '../../program/index.ts';
import type { ProgramInForce } from '../model.ts';
import { list } from './budgets.store.ts';
import { type BudgetView, viewBudgets } from './budgets.view.ts';

const sum = z.string().regex(/^\d+$/);
const shown = z
  .strictObject({
    campaign: z.string(),
    points: sum.describe('What the version in force gives it.'),
    granted: sum.describe('What was granted and has not come back, over all versions.'),
    left: sum.describe('What can still be granted.'),
    money: z
      .strictObject({
        amount: sum,
        granted: sum.describe('Rounded up.'),
        left: sum.describe('Rounded down.'),
        currency: z.string(),
      })
      .nullable()
      .describe('Of a budget in money, the same in minor units of the currency.'),
  })
  .meta({ id: 'Budget' });

export function budgetRoutes(api: Api, { ledger, pool }: { ledger: Ledger; pool: Pool }): void {
  api.route(
    {
      method: 'GET',
      path: '/v1/programs/{program}/budgets',
      scope: 'program:read',
      summary: 'What is left of the budgets of campaigns',
      description:
        'By campaign: those of the version in force, used or not, and those of earlier versions that were used. Exact at the moment of the answer.',
      tag: 'Programs',
      operation: 'listBudgets',
      params: z.strictObject({ program: schemas.programName }),
      query: schemas.pageQuery,
      answers: { 200: schemas.page(shown).meta({ id: 'BudgetPage' }) },
      refusals: ['program_not_found'],
    },
    async ({ params, query }) => {
      const found = await ledger.directory.programNamed(params.program);
      if (found === undefined) return refuse('program_not_found', 'There is no program with this name.');
      const after = query.cursor === undefined ? '' : decodeCursor(query.cursor, 1)?.[0];
      if (after === undefined) return refuse('invalid_request', 'The cursor is not one of this list.');
      const { program } = found as ProgramInForce;
      const stored = await list(pool, found.id, after, query.limit);
      const rows = viewBudgets(versionAt(program, found.now), stored, after, query.limit);
      const last = rows.length < query.limit ? undefined : rows.at(-1);
      return accept({ data: rows.map(wire), next: last ? encodeCursor(last.campaign) : null });
    },
  );
}

const wire = ({ campaign, points, granted, left, money }: BudgetView) => ({
  campaign,
  points: String(points),
  granted: String(granted),
  left: String(left),
  money: money && {
    amount: String(money.amount),
    granted: String(money.granted),
    left: String(money.left),
    currency: money.currency,
  },
});
