import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { carryOutKeyed, type Ledger, memberText, sameForm, sourceOf, time } from '../../ledger/index.ts';
import { idOf } from '../orders/find.ts';
import { paymentsOf } from './payments.store.ts';
import { type ReferralBody, referralsById } from './referrals.store.ts';
import { type ReferralAnswer, referralPayload, referralToWire } from './referrals.ts';

const text = z.string();

const referralShape = {
  id: text,
  external_id: text,
  source: text,
  referrer: text,
  friend: text,
  occurred_at: schemas.instant,
  program_version: z.int(),
};

const referralAnswer = z
  .strictObject({ known: z.boolean(), referral: z.strictObject(referralShape) })
  .meta({ id: 'ReferralAnswer' });

const storedReferral = z
  .strictObject({
    ...referralShape,
    state: z.enum(['open', 'qualified', 'revoked']).meta({
      description: 'Whether an order of the friend has qualified it, and whether that was taken back.',
    }),
    order: text.nullable().meta({ description: 'The order that qualified it.' }),
    qualified_at: schemas.instant.nullable(),
    payments: z
      .array(
        z.strictObject({
          side: z.enum(['referrer', 'friend']),
          rule: text,
          unit: text,
          points: text.meta({ description: 'Below 0 where they were taken back.' }),
        }),
      )
      .meta({ description: 'What was paid so far: within seconds of the order, or of its return.' }),
  })
  .meta({ id: 'Referral', description: 'Who brought whom, and what came of it.' });

/** Members who bring friends. */
export function referralRoutes(api: Api, deps: { ledger: Ledger; pool: Pool }): void {
  const { ledger, pool } = deps;
  api.route(
    {
      method: 'POST',
      path: '/v1/referrals',
      scope: 'activities:write',
      tag: 'Activities',
      operation: 'createReferral',
      summary: 'Tell that a member brought a friend',
      description:
        "The friend's first order that qualifies brings both sides what the program says, once. Who has ordered before, was brought before, or brought the referrer cannot be brought.",
      program: true,
      dryRun: true,
      body: z
        .strictObject({
          external_id: schemas.externalId,
          source: schemas.sourceName.optional(),
          referrer: schemas.reference('mem'),
          friend: schemas.reference('mem'),
          occurred_at: schemas.instant,
        })
        .meta({ id: 'ReferralInput' }),
      answers: { 200: referralAnswer, 201: referralAnswer },
      refusals: [
        'friend_has_ordered',
        'referral_exists',
        'referral_ring',
        'referral_to_self',
        'referrals_not_offered',
        'occurred_in_future',
        'occurred_too_early',
        'key_reused',
        'source_not_allowed',
        'member_not_found',
        'member_reference_invalid',
      ],
    },
    call =>
      carryOutKeyed<ReferralAnswer>(ledger, call, async source => {
        const { program, body } = call;
        const friend = await sameForm(ledger, program.id, body.friend);
        if (!friend.ok) return friend;
        const referrer = await ledger.directory.find(program.id, memberText(body.referrer));
        if (!referrer.ok) return referrer;
        const { external_id: externalId, occurred_at: occurredAt } = body;
        const referral: ReferralBody = { externalId, source, referrerId: referrer.value.id, occurredAt };
        const payload = referralPayload(friend.value, referral);
        return accept({ type: 'referral', externalId, member: friend.value, payload, body: { referral } });
      }),
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/referrals/{referral}',
      scope: 'members:read',
      tag: 'Activities',
      operation: 'getReferral',
      summary: 'A referral, and what came of it',
      program: true,
      params: z.strictObject({ referral: schemas.reference('ref') }),
      query: z.strictObject({ source: schemas.sourceName.optional() }),
      answers: { 200: storedReferral },
      refusals: ['referral_not_found', 'source_not_allowed'],
    },
    async ({ program, credentials, params, query }) => {
      const source = sourceOf(credentials, query.source);
      const id = await idOf(deps, program.id, 'referral', params.referral, source);
      if (!id.ok) return id;
      const [found] = id.value === undefined ? [] : await referralsById(pool, [id.value]);
      if (found === undefined || found.programId !== program.id)
        return refuse('referral_not_found', 'There is no such referral in this program.');
      const payments = await paymentsOf(pool, [found.id]);
      const units = (await ledger.directory.programs(pool, [program.id])).get(program.id)?.units ?? [];
      return accept({
        ...referralToWire(found),
        state: found.isRevoked ? 'revoked' : found.orderId === null ? 'open' : 'qualified',
        order: found.orderId === null ? null : wireId('ord', found.orderId),
        qualified_at: time(found.qualifiedAt),
        payments: payments.flatMap(({ side, decided: { earned, clawed } }) => [
          ...earned.map(({ rule, unit, points }) => ({
            side,
            rule,
            unit: units[unit],
            points: String(points),
          })),
          ...clawed.map(({ rule, unit, decided }) => ({
            side,
            rule,
            unit: units[unit],
            points: String(-decided),
          })),
        ]),
      });
    },
  );
}
