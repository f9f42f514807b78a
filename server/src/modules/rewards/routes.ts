import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { hash128, parseWireId } from '#platform/ids.ts';
import { businessKey, carryOut, type Ledger, memberText, type Owners, sourceOf } from '../ledger/index.ts';
import { parseDuration } from '../program/index.ts';
import { changer } from './changing.ts';
import type { RedemptionBody } from './model.ts';
import type { RedemptionAnswer } from './redemptions.ts';
import * as store from './store.ts';
import { redemptionAnswer, redemptionSchema, redemptionToWire } from './wire.ts';

const text = z.string();
const answer = redemptionAnswer;
export const redemptionParams = z.strictObject({ redemption: schemas.wireIdOf('red') });
const params = redemptionParams;

/** The longest hold: what nobody captured by then was forgotten. */
const LONGEST_HOLD = 30 * 86_400_000;
const DEFAULT_HOLD = 15 * 60_000;

/** Milliseconds of a hold, or undefined where the text is no duration of at most 30 days. */
function holdOf(duration: string | undefined): number | undefined {
  if (duration === undefined) return DEFAULT_HOLD;
  const parsed = parseDuration(duration);
  if (parsed === undefined || parsed.months > 0) return undefined;
  const length = parsed.days * 86_400_000 + parsed.milliseconds;
  return length > 0 && length <= LONGEST_HOLD ? length : undefined;
}

/** What a schema cannot say: points or a reward, and what belongs to only one of them. */
function contradictions(body: {
  points?: unknown;
  reward?: unknown;
  unit?: unknown;
  order_total?: unknown;
}): { pointer: string; message: string }[] {
  const { points, reward, unit, order_total: orderTotal } = body;
  if (points === undefined && reward === undefined)
    return [{ pointer: '/points', message: 'is required, or name a reward' }];
  if (reward === undefined)
    return orderTotal === undefined ? [] : [{ pointer: '/order_total', message: 'is for rewards only' }];
  const found: { pointer: string; message: string }[] = [];
  if (points !== undefined)
    found.push({ pointer: '/points', message: 'is what the reward costs; leave it out' });
  if (unit !== undefined) found.push({ pointer: '/unit', message: "is the reward's; leave it out" });
  return found;
}

function payloadOf(memberId: number, body: RedemptionBody): string {
  const how = [
    String(body.capture),
    body.capture ? '' : String(body.holdFor),
    ...(body.by === null ? [] : [String(body.by)]),
  ];
  return body.reward === null
    ? hash128(String(memberId), body.unit ?? '', String(body.points), ...how)
    : hash128(String(memberId), 'reward', body.reward, String(body.orderTotal ?? ''), ...how);
}

export const rewardsRoutes =
  ({ ledger, pool, owners }: { ledger: Ledger; pool: Pool; owners: Owners }) =>
  (api: Api): void => {
    api.route(
      {
        method: 'POST',
        path: '/v1/redemptions',
        scope: 'redemptions:write',
        tag: 'Redemptions',
        operation: 'createRedemption',
        summary: 'Redeem points, so many or for a reward: hold them, or take them at once',
        description:
          'Takes `points`, or what a `reward` costs. Never takes more points than there are nor grants more rewards than there are, whatever else goes on. A hold that is neither captured nor voided ends by itself; it holds its unit of the stock until then.',
        program: true,
        dryRun: true,
        body: z
          .strictObject({
            external_id: schemas.externalId,
            source: schemas.sourceName.optional(),
            member: schemas.reference('mem'),
            by: schemas
              .reference('mem')
              .optional()
              .meta({ description: 'Where `member` is a household: who of it redeems.' }),
            unit: text
              .max(32)
              .optional()
              .meta({ description: 'The unit of `points`; a reward has its own.' }),
            points: schemas.positiveAmount.optional(),
            reward: text
              .max(64)
              .optional()
              .meta({
                description: 'A reward of the program, instead of `points`: it costs what the program says.',
                examples: ['ten-off'],
              }),
            order_total: schemas.amount.optional().meta({
              description:
                "The total of the order that a reward is redeemed for, in minor units of the program's currency.",
            }),
            capture: z
              .boolean()
              .default(false)
              .meta({ description: 'Take the points at once instead of holding them.' }),
            hold_for: text
              .max(40)
              .optional()
              .meta({
                description:
                  'How long the hold lasts, as an ISO 8601 duration of at most 30 days; 15 minutes when left out.',
                examples: ['PT15M'],
              }),
          })
          .meta({ id: 'RedemptionRequest' }),
        answers: { 200: answer, 201: answer },
        refusals: [
          'insufficient_balance',
          'member_not_found',
          'member_reference_invalid',
          'unit_unknown',
          'unit_not_redeemable',
          'points_out_of_range',
          'household_member_not_found',
          'reward_unknown',
          'reward_unavailable',
          'voucher_key_missing',
          'key_reused',
          'source_not_allowed',
        ],
      },
      async ({ program, credentials, body, dryRun }) => {
        const source = sourceOf(credentials, body.source);
        if (!source.ok) return source;
        const wrong = contradictions(body);
        if (wrong.length > 0)
          return refuse('invalid_request', 'A redemption is of points or of a reward.', { errors: wrong });
        const holdFor = holdOf(body.hold_for);
        if (holdFor === undefined) {
          return refuse(
            'invalid_request',
            'The duration of the hold is not one of days, hours, minutes and seconds of at most 30 days.',
            {
              errors: [
                { pointer: '/hold_for', message: 'must be an ISO 8601 duration such as PT15M, at most P30D' },
              ],
            },
          );
        }
        const holder = await ledger.directory.find(program.id, memberText(body.member));
        if (!holder.ok) return holder;
        const by =
          body.by === undefined ? null : await ledger.directory.find(program.id, memberText(body.by));
        if (by?.ok === false) return by;
        const redemption: RedemptionBody = {
          by: by?.value.id ?? null,
          externalId: body.external_id,
          source: source.value,
          unit: body.unit ?? null,
          points: body.points ?? null,
          reward: body.reward ?? null,
          orderTotal: body.order_total ?? null,
          capture: body.capture,
          holdFor,
        };
        const payload = payloadOf(holder.value.id, redemption);
        const key = businessKey(program.id, source.value, 'redemption', body.external_id);
        const command = {
          type: 'redemption',
          programId: program.id,
          member: `ext:${holder.value.externalId}`,
          ...(by === null ? {} : { counterpart: `ext:${by.value.externalId}` }),
          key,
          payload,
          body: redemption,
        };
        const answer = await carryOut<RedemptionAnswer>(ledger, command, dryRun);
        if (answer.ok && !dryRun) {
          const id = parseWireId('red', answer.value.redemption.id) as bigint;
          owners.remember(id, { programId: program.id, memberId: holder.value.id });
        }
        return answer;
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/redemptions/{redemption}',
        scope: 'redemptions:read',
        tag: 'Redemptions',
        operation: 'getRedemption',
        summary: 'A redemption as it stands',
        program: true,
        params,
        answers: { 200: redemptionSchema },
        refusals: ['redemption_not_found'],
      },
      async ({ program, params: { redemption: id } }) => {
        const [found, programs] = await Promise.all([
          store.redemptions(pool, [id]),
          ledger.directory.programs(pool, [program.id]),
        ]);
        const redemption = found.get(id);
        if (redemption?.programId !== program.id)
          return refuse('redemption_not_found', 'There is no such redemption in this program.');
        return accept(redemptionToWire(redemption, programs.get(program.id)?.now ?? redemption.occurredAt));
      },
    );

    const change = changer({ ledger, owners });
    for (const kind of ['capture', 'void'] as const) {
      api.route(
        {
          method: 'POST',
          path: `/v1/redemptions/{redemption}/${kind}`,
          scope: 'redemptions:write',
          tag: 'Redemptions',
          operation: `${kind}Redemption`,
          summary: kind === 'capture' ? 'Take the points that are on hold' : 'Give the points on hold back',
          program: true,
          dryRun: true,
          params,
          headers: schemas.idempotencyHeaders,
          answers: { 200: answer, 201: answer },
          refusals: [
            'redemption_not_found',
            'redemption_captured',
            'redemption_voided',
            'redemption_expired',
            'voucher_key_missing',
            'key_reused',
            'member_not_found',
          ],
        },
        ({ program, credentials, params: { redemption }, headers, dryRun }) =>
          change(
            program,
            credentials,
            {
              redemptionId: redemption,
              kind,
              externalId: headers['idempotency-key'],
              source: undefined,
              points: null,
            },
            dryRun,
          ),
      );
    }

    api.route(
      {
        method: 'POST',
        path: '/v1/redemptions/{redemption}/refunds',
        scope: 'redemptions:write',
        tag: 'Redemptions',
        operation: 'refundRedemption',
        summary: 'Give points of a captured redemption back, all or a part',
        description:
          'They go back to the very lots that were consumed and keep their dates: what has expired since comes back expired. A reward comes back with all of its points: its stock and limit where the program says so, points of another unit that it gave.',
        program: true,
        dryRun: true,
        params,
        body: z
          .strictObject({
            external_id: schemas.externalId,
            source: schemas.sourceName.optional(),
            points: schemas.positiveAmount.optional(),
          })
          .meta({ id: 'RefundRequest' }),
        answers: { 200: answer, 201: answer },
        refusals: [
          'redemption_not_found',
          'redemption_not_captured',
          'refund_exceeds_redemption',
          'refund_not_divisible',
          'reward_points_spent',
          'key_reused',
          'source_not_allowed',
          'member_not_found',
        ],
      },
      ({ program, credentials, params: { redemption }, body, dryRun }) =>
        change(
          program,
          credentials,
          {
            redemptionId: redemption,
            kind: 'refund',
            externalId: body.external_id,
            source: body.source,
            points: body.points ?? null,
          },
          dryRun,
        ),
    );
  };
