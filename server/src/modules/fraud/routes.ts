import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeIdCursor, nextById } from '#platform/http/cursors.ts';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import { carryOutKeyed, type Ledger, memberText } from '../ledger/index.ts';
import { type CaseAnswer, decisionPayload } from './cases.ts';
import { type DecisionBody, decisionsOf } from './decisions.store.ts';
import type { Case } from './model.ts';
import * as store from './store.ts';
import {
  caseDetails,
  caseSchema,
  caseToWire,
  creditToWire,
  decideAnswer,
  decideSchema,
  lotToWire,
  MAX_SHOWN,
} from './wire.ts';

const caseParams = z.strictObject({ case: schemas.wireIdOf('cas') });
const notFound = () => refuse('case_not_found', 'There is no such case in this program.');

const DECISIONS = [
  {
    verdict: 'release',
    operation: 'releaseCase',
    summary: 'Release a case: give what its pause has held back',
    description:
      'The points get the terms of their rules, as if there had been no pause, and the rest of the pause ends. What the pause of another open case covers too stays with that case.',
  },
  {
    verdict: 'confirm',
    operation: 'confirmCase',
    summary: 'Confirm a case as fraud: what its pause has held back lapses',
    description:
      'What the order that crossed the line had earned stays; take it back with a return or an adjustment. Points that arrive later for the pause lapse at once.',
  },
] as const;

export const fraudRoutes =
  ({ ledger, pool }: { ledger: Ledger; pool: Pool }) =>
  (api: Api): void => {
    const unitsOf = async (programId: number): Promise<readonly string[]> =>
      (await ledger.directory.programs(pool, [programId])).get(programId)?.units ?? [];

    const shown = async (programId: number, cases: readonly Case[]) => {
      const ids = cases.map(({ id }) => id);
      const [units, sums, decisions] = await Promise.all([
        unitsOf(programId),
        store.pendedSums(pool, ids),
        decisionsOf(pool, ids),
      ]);
      const bodies = cases.map(found =>
        caseToWire(
          found,
          units,
          sums.filter(({ caseId }) => caseId === found.id),
          decisions.get(found.id),
        ),
      );
      return { units, bodies };
    };

    api.route(
      {
        method: 'GET',
        path: '/v1/cases',
        scope: 'cases:read',
        tag: 'Cases',
        operation: 'listCases',
        summary: 'List cases, newest first',
        program: true,
        query: schemas.pageQuery.extend({
          state: z.enum(['open', 'released', 'confirmed']).optional(),
          member: schemas.reference('mem').optional(),
        }),
        answers: { 200: schemas.page(caseSchema).meta({ id: 'CasePage' }) },
        refusals: ['member_not_found', 'member_reference_invalid'],
      },
      async ({ program, query: { state = null, member, cursor, limit } }) => {
        const before = cursor === undefined ? MAX_AMOUNT : decodeIdCursor(cursor);
        if (before === undefined) return refuse('invalid_request', 'The cursor is not one of this list.');
        const holder =
          member === undefined ? undefined : await ledger.directory.find(program.id, memberText(member));
        if (holder?.ok === false) return holder;
        const memberId = holder?.value.id ?? null;
        const cases = await store.listCases(pool, { programId: program.id, before, state, memberId, limit });
        const { bodies } = await shown(program.id, cases);
        return accept({ data: bodies, next: nextById(cases, limit) });
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/cases/{case}',
        scope: 'cases:read',
        tag: 'Cases',
        operation: 'getCase',
        summary: 'A case: what crossed the line, and what is held back',
        program: true,
        params: caseParams,
        answers: { 200: caseDetails },
        refusals: ['case_not_found'],
      },
      async ({ program, params }) => {
        const found = await store.findCase(pool, params.case);
        if (found?.programId !== program.id) return notFound();
        const { memberId, id, crossings } = found;
        const { units, bodies } = await shown(program.id, [found]);
        const windows = new Map(
          crossings.map(({ unit, from, until }) => [`${unit} ${from}`, { unit, from, until }]),
        );
        const credits = await Promise.all(
          [...windows.values()].map(window => store.creditsIn(pool, { memberId, ...window }, id, MAX_SHOWN)),
        );
        const distinct = new Map(credits.flat().map(credit => [`${credit.unit} ${credit.lots}`, credit]));
        const lots = await store.heldBackBy(pool, id, MAX_SHOWN);
        return accept({
          ...bodies[0],
          credits: [...distinct.values()]
            .slice(0, MAX_SHOWN)
            .map(credit => creditToWire(memberId, credit, units)),
          lots: lots.map(lot => lotToWire(lot, units)),
        });
      },
    );

    for (const { verdict, ...texts } of DECISIONS)
      api.route(
        {
          ...texts,
          method: 'POST',
          path: `/v1/cases/{case}/${verdict}`,
          scope: 'cases:write',
          tag: 'Cases',
          program: true,
          dryRun: true,
          params: caseParams,
          headers: schemas.idempotencyHeaders,
          body: decideSchema,
          answers: { 200: decideAnswer, 201: decideAnswer },
          refusals: [
            'case_not_found',
            'case_decided',
            'key_reused',
            'source_not_allowed',
            'member_not_found',
          ],
        },
        call =>
          carryOutKeyed<CaseAnswer>(ledger, call, async source => {
            const { program, params, credentials, body } = call;
            const found = await store.findCase(pool, params.case);
            if (found?.programId !== program.id) return notFound();
            const holder = await ledger.directory.find(program.id, wireId('mem', BigInt(found.memberId)));
            if (!holder.ok) return holder;
            const decision: DecisionBody = {
              caseId: params.case,
              verdict,
              note: body.note,
              externalId: call.headers['idempotency-key'],
              source,
              decidedBy: credentials.id,
            };
            return accept({
              type: 'case_decision',
              externalId: decision.externalId,
              member: `ext:${holder.value.externalId}`,
              payload: decisionPayload(decision),
              body: decision,
            });
          }),
      );
  };
