import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeIdCursor, foreignCursor, nextById } from '#platform/http/cursors.ts';
import * as schemas from '#platform/http/schemas.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import { carryOutKeyed, type Ledger, memberText } from '../../ledger/index.ts';
import { type BadgeAwardBody, type BadgeWithdrawalBody, listBadgeAwards } from './badge-awards.store.ts';
import { type BadgeAwardAnswer, badgeAwardPayload, badgeWithdrawalPayload } from './badge-awards.ts';
import { badgeAwardToWire } from './badge-awards.wire.ts';

const text = z.string();
const reason = schemas.line(200, 'she found the bug');
const memberParams = z.strictObject({ member: schemas.reference('mem') });

const awardSchema = z
  .strictObject({
    id: text,
    external_id: text,
    source: text,
    member: text,
    badge: text,
    program_version: z.int().describe('The version that was in force.'),
    reason: text,
    awarded_by: text.describe('The key that was used.'),
    awarded_at: schemas.instant,
    withdrawal: z
      .strictObject({ at: schemas.instant, reason: text, withdrawn_by: text })
      .nullable()
      .describe('Who withdrew it; null where nobody has.'),
  })
  .meta({ id: 'BadgeAward', description: 'A badge that a member was awarded by hand.' });

const answer = z.strictObject({ known: z.boolean(), award: awardSchema }).meta({ id: 'BadgeAwardAnswer' });

const awardRequest = z
  .strictObject({
    external_id: schemas.externalId,
    source: schemas.sourceName.optional(),
    badge: schemas.line(64, 'explorer').describe('One of the `badges` of the version in force.'),
    reason,
  })
  .meta({ id: 'BadgeAwardRequest' });

const withdrawalRequest = z
  .strictObject({ source: schemas.sourceName.optional(), reason })
  .meta({ id: 'BadgeWithdrawalRequest' });

/** Badges that are awarded by hand, beside those that challenges give. */
export function badgeAwardRoutes(api: Api, { ledger, pool }: { ledger: Ledger; pool: Pool }): void {
  api.route(
    {
      method: 'POST',
      path: '/v1/members/{member}/badge-awards',
      scope: 'badges:award',
      tag: 'Activities',
      operation: 'awardBadge',
      summary: 'Award a member a badge by hand',
      description:
        'Beside the badges that challenges give: a return that takes back the same badge of a challenge leaves this one. By hand a member has a badge once at a time.',
      program: true,
      dryRun: true,
      params: memberParams,
      body: awardRequest,
      answers: { 200: answer, 201: answer },
      refusals: [
        'member_not_found',
        'member_reference_invalid',
        'badge_unknown',
        'badge_awarded',
        'key_reused',
        'source_not_allowed',
      ],
    },
    call =>
      carryOutKeyed<BadgeAwardAnswer>(ledger, call, async source => {
        const holder = await ledger.directory.find(call.program.id, memberText(call.params.member));
        if (!holder.ok) return holder;
        const badgeAward: BadgeAwardBody = {
          externalId: call.body.external_id,
          source,
          badge: call.body.badge,
          reason: call.body.reason,
          awardedBy: call.credentials.id,
        };
        return accept({
          type: 'badge_award',
          externalId: badgeAward.externalId,
          member: `ext:${holder.value.externalId}`,
          payload: badgeAwardPayload(holder.value.id, badgeAward),
          body: { badgeAward },
        });
      }),
  );

  api.route(
    {
      method: 'POST',
      path: '/v1/members/{member}/badge-awards/{award}/withdraw',
      scope: 'badges:award',
      tag: 'Activities',
      operation: 'withdrawBadge',
      summary: 'Withdraw a badge that was awarded by hand',
      description:
        'It stays in the history. The same badge of a challenge stays with the member, and it can be awarded by hand again.',
      program: true,
      dryRun: true,
      params: memberParams.extend({ award: schemas.wireIdOf('bdg') }),
      headers: schemas.idempotencyHeaders,
      body: withdrawalRequest,
      answers: { 200: answer, 201: answer },
      refusals: [
        'member_not_found',
        'member_reference_invalid',
        'badge_award_not_found',
        'badge_award_withdrawn',
        'key_reused',
        'source_not_allowed',
      ],
    },
    call =>
      carryOutKeyed<BadgeAwardAnswer>(ledger, call, async source => {
        const holder = await ledger.directory.find(call.program.id, memberText(call.params.member));
        if (!holder.ok) return holder;
        const badgeWithdrawal: BadgeWithdrawalBody = {
          awardId: call.params.award,
          externalId: call.headers['idempotency-key'],
          source,
          reason: call.body.reason,
          withdrawnBy: call.credentials.id,
        };
        return accept({
          type: 'badge_withdrawal',
          externalId: badgeWithdrawal.externalId,
          member: `ext:${holder.value.externalId}`,
          payload: badgeWithdrawalPayload(badgeWithdrawal),
          body: { badgeWithdrawal },
        });
      }),
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/members/{member}/badge-awards',
      scope: 'members:read',
      tag: 'Activities',
      operation: 'listBadgeAwards',
      summary: 'The badges that a member was awarded by hand, newest first',
      program: true,
      params: memberParams,
      query: schemas.pageQuery,
      answers: { 200: schemas.page(awardSchema).meta({ id: 'BadgeAwardPage' }) },
      refusals: ['member_not_found', 'member_reference_invalid'],
    },
    async ({ program, params, query: { cursor, limit } }) => {
      const before = cursor === undefined ? MAX_AMOUNT : decodeIdCursor(cursor);
      if (before === undefined) return foreignCursor();
      const holder = await ledger.directory.find(program.id, memberText(params.member));
      if (!holder.ok) return holder;
      const awards = await listBadgeAwards(pool, holder.value.id, before, limit);
      return accept({ data: awards.map(badgeAwardToWire), next: nextById(awards, limit) });
    },
  );
}
