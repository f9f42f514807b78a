import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeIdCursor, foreignCursor, nextById } from '#platform/http/cursors.ts';
import * as schemas from '#platform/http/schemas.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import { carryOutKeyed, type Ledger, memberText } from '../../ledger/index.ts';
import { listTierGrants, type TierGrantBody, type TierGrantEndBody } from './tier-grants.store.ts';
import { type TierGrantAnswer, tierGrantEndPayload, tierGrantPayload } from './tier-grants.ts';
import { tierGrantToWire } from './tier-grants.wire.ts';

const text = z.string();
const reason = schemas.line(200, 'status match with another airline');
const memberParams = z.strictObject({ member: schemas.reference('mem') });

const grantSchema = z
  .strictObject({
    id: text,
    external_id: text,
    source: text,
    member: text,
    tier: text,
    from: schemas.instant,
    until: schemas.instant.nullable().describe('From this instant on it is not valid; null: for good.'),
    reason: text,
    granted_by: text.describe('The key that was used; `fealty` where a campaign gave it.'),
    granted_at: schemas.instant,
    order: text
      .nullable()
      .describe('The order for which a campaign gave it, whose `id@version` is the reason; null: by hand.'),
    end: z
      .strictObject({ at: schemas.instant, reason: text, ended_by: text })
      .nullable()
      .describe('Who ended it; null where nobody has.'),
  })
  .meta({ id: 'TierGrant', description: 'A tier that a member was given by hand, or by a campaign.' });

const answer = z.strictObject({ known: z.boolean(), grant: grantSchema }).meta({ id: 'TierGrantAnswer' });

const grantRequest = z
  .strictObject({
    external_id: schemas.externalId,
    source: schemas.sourceName.optional(),
    tier: schemas.line(64, 'gold').describe('One of the levels of the program, also one by invitation only.'),
    from: schemas.instant.optional().describe('Left out: now. Not in the past: what was decided stays.'),
    until: schemas.instant.optional().describe('Left out: for good, or until it is ended.'),
    reason,
  })
  .meta({ id: 'TierGrantRequest' });

const endRequest = z
  .strictObject({ source: schemas.sourceName.optional(), reason })
  .meta({ id: 'TierGrantEndRequest' });

/** Tiers that are given by hand: for a while or for good, beside what members qualify for. */
export function tierGrantRoutes(api: Api, { ledger, pool }: { ledger: Ledger; pool: Pool }): void {
  api.route(
    {
      method: 'POST',
      path: '/v1/members/{member}/tier-grants',
      scope: 'tiers:grant',
      tag: 'Members',
      operation: 'grantTier',
      summary: 'Give a member a tier by hand',
      description:
        'While it is valid the member has the higher of this tier and what the member qualifies for. Orders, rewards and backtests see it from `from` on; what was decided before stays.',
      program: true,
      dryRun: true,
      params: memberParams,
      body: grantRequest,
      answers: { 200: answer, 201: answer },
      refusals: [
        'member_not_found',
        'member_reference_invalid',
        'program_without_tiers',
        'tier_unknown',
        'tier_grant_period_invalid',
        'key_reused',
        'source_not_allowed',
      ],
    },
    call =>
      carryOutKeyed<TierGrantAnswer>(ledger, call, async source => {
        const holder = await ledger.directory.find(call.program.id, memberText(call.params.member));
        if (!holder.ok) return holder;
        const tierGrant: TierGrantBody = {
          externalId: call.body.external_id,
          source,
          tier: call.body.tier,
          from: call.body.from ?? null,
          until: call.body.until ?? null,
          reason: call.body.reason,
          grantedBy: call.credentials.id,
        };
        return accept({
          type: 'tier_grant',
          externalId: tierGrant.externalId,
          member: `ext:${holder.value.externalId}`,
          payload: tierGrantPayload(holder.value.id, tierGrant),
          body: { tierGrant },
        });
      }),
  );

  api.route(
    {
      method: 'POST',
      path: '/v1/members/{member}/tier-grants/{grant}/end',
      scope: 'tiers:grant',
      tag: 'Members',
      operation: 'endTierGrant',
      summary: 'End a tier that was given by hand',
      description:
        'From now on it does not count any more; one that has not begun never does. What was decided while it was valid stays.',
      program: true,
      dryRun: true,
      params: memberParams.extend({ grant: schemas.wireIdOf('tgr') }),
      headers: schemas.idempotencyHeaders,
      body: endRequest,
      answers: { 200: answer, 201: answer },
      refusals: [
        'member_not_found',
        'member_reference_invalid',
        'tier_grant_not_found',
        'tier_grant_ended',
        'key_reused',
        'source_not_allowed',
      ],
    },
    call =>
      carryOutKeyed<TierGrantAnswer>(ledger, call, async source => {
        const holder = await ledger.directory.find(call.program.id, memberText(call.params.member));
        if (!holder.ok) return holder;
        const tierGrantEnd: TierGrantEndBody = {
          grantId: call.params.grant,
          externalId: call.headers['idempotency-key'],
          source,
          reason: call.body.reason,
          endedBy: call.credentials.id,
        };
        return accept({
          type: 'tier_grant_end',
          externalId: tierGrantEnd.externalId,
          member: `ext:${holder.value.externalId}`,
          payload: tierGrantEndPayload(tierGrantEnd),
          body: { tierGrantEnd },
        });
      }),
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/members/{member}/tier-grants',
      scope: 'members:read',
      tag: 'Members',
      operation: 'listTierGrants',
      summary: 'The tiers that a member was given, by hand or by campaigns, newest first',
      program: true,
      params: memberParams,
      query: schemas.pageQuery,
      answers: { 200: schemas.page(grantSchema).meta({ id: 'TierGrantPage' }) },
      refusals: ['member_not_found', 'member_reference_invalid'],
    },
    async ({ program, params, query: { cursor, limit } }) => {
      const before = cursor === undefined ? MAX_AMOUNT : decodeIdCursor(cursor);
      if (before === undefined) return foreignCursor();
      const holder = await ledger.directory.find(program.id, memberText(params.member));
      if (!holder.ok) return holder;
      const grants = await listTierGrants(pool, holder.value.id, before, limit);
      return accept({ data: grants.map(tierGrantToWire), next: nextById(grants, limit) });
    },
  );
}
