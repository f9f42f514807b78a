import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { type Ledger, memberText, type Owners } from '../ledger/index.ts';
import { changer } from './changing.ts';
import { listRewards, rewardsFor } from './listing.ts';
import { redemptionParams } from './routes.ts';
import { givesSchema, redemptionAnswer } from './wire.ts';

const text = z.string();
const sum = text.meta({ pattern: '^[0-9]+$' });

const audienceShape = { tiers: z.array(text).nullable(), segments: z.array(text).nullable() };

const rewardShape = {
  id: text,
  rule: text.meta({ description: '`id@version`, as a redemption would cite it.' }),
  name: text.nullable(),
  prices: z.array(z.strictObject({ ...audienceShape, unit: text, points: sum })).meta({
    description:
      'The first one that is for the tier and the segments of the member counts; null: whatever it is.',
  }),
  audience: z.strictObject(audienceShape).nullable(),
  gives: givesSchema,
  from: schemas.instant.nullable(),
  until: schemas.instant.nullable(),
  left: z
    .int()
    .min(0)
    .nullable()
    .meta({ description: 'What is left of its stock; null: as many as wanted.' }),
  limit: z.strictObject({ per_member: z.int(), every: text }).nullable(),
  minimum: z.strictObject({ order_total: sum }).nullable(),
};

const rewardSchema = z
  .strictObject(rewardShape)
  .meta({ id: 'Reward', description: 'A reward of the catalogue of the version in force.' });

const memberRewardSchema = z
  .strictObject({
    ...rewardShape,
    cost: z
      .strictObject({ unit: text, points: sum })
      .nullable()
      .meta({ description: 'What it costs this member; null where no price is for it.' }),
    used: z.int().min(0).meta({
      description:
        'How often the member has redeemed it, or got it by a campaign, in the period of its limit.',
    }),
    available: z.boolean(),
    reasons: z.array(z.looseObject({ code: text })).meta({
      description: 'Every reason why it is not available, with what is missing; empty where it is.',
    }),
  })
  .meta({ id: 'MemberReward', description: 'A reward, and whether this member can have it now.' });

/** The catalogue, for everybody and for one member, and what becomes of what was redeemed. */
export const catalogueRoutes =
  ({ ledger, pool, owners }: { ledger: Ledger; pool: Pool; owners: Owners }) =>
  (api: Api): void => {
    api.route(
      {
        method: 'GET',
        path: '/v1/rewards',
        scope: 'rewards:read',
        tag: 'Rewards',
        operation: 'listRewards',
        summary: 'The catalogue of rewards, with what is left of them',
        program: true,
        answers: { 200: z.strictObject({ as_of: schemas.instant, data: z.array(rewardSchema) }) },
      },
      async ({ program }) => accept(await listRewards({ ledger, pool }, program.id)),
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/members/{member}/rewards',
        scope: 'rewards:read',
        tag: 'Rewards',
        operation: 'listMemberRewards',
        summary: 'The rewards that a member can have, and why not the others',
        program: true,
        params: z.strictObject({ member: schemas.reference('mem') }),
        query: z.strictObject({
          order_total: schemas.amount
            .optional()
            .meta({ description: 'The total of the order that they would be redeemed for, in minor units.' }),
        }),
        answers: {
          200: z.strictObject({
            member: text,
            external_id: text,
            as_of: schemas.instant,
            tier: text.nullable(),
            data: z.array(memberRewardSchema),
          }),
        },
        refusals: ['member_not_found', 'member_reference_invalid'],
      },
      ({ program, params: { member }, query }) =>
        rewardsFor({ ledger, pool }, program.id, memberText(member), query.order_total ?? null),
    );

    const change = changer({ ledger, owners });
    api.route(
      {
        method: 'POST',
        path: '/v1/redemptions/{redemption}/fulfilment',
        scope: 'redemptions:write',
        tag: 'Redemptions',
        operation: 'fulfilRedemption',
        summary: 'Say that a product or voucher was handed over, or cannot be',
        description:
          'What is `rejected` is refunded: all points that are left of it go back to the very lots that they came from.',
        program: true,
        dryRun: true,
        params: redemptionParams,
        headers: schemas.idempotencyHeaders,
        body: z.strictObject({ state: z.enum(['fulfilled', 'rejected']) }).meta({ id: 'FulfilmentRequest' }),
        answers: { 200: redemptionAnswer, 201: redemptionAnswer },
        refusals: [
          'redemption_not_found',
          'redemption_not_captured',
          'fulfilment_not_pending',
          'key_reused',
          'member_not_found',
        ],
      },
      ({ program, credentials, params: { redemption }, headers, body, dryRun }) =>
        change(
          program,
          credentials,
          {
            redemptionId: redemption,
            kind: body.state === 'fulfilled' ? 'fulfil' : 'reject',
            externalId: headers['idempotency-key'],
            source: undefined,
            points: null,
          },
          dryRun,
        ),
    );
  };
