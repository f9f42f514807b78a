import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Api, Credentials } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { hash128, wireId } from '#platform/ids.ts';
import {
  businessKey,
  type Done,
  effectsShape,
  type Ledger,
  memberText,
  sourceOf,
  wires,
} from '../ledger/index.ts';
import { parseDuration } from '../program/index.ts';
import { type ChangeAnswer, changePayload } from './changes.ts';
import type { ChangeBody } from './model.ts';
import { type RedemptionAnswer, type RedemptionBody, redemptionToWire } from './redemptions.ts';
import * as store from './store.ts';

type Answered<T> = Outcome<Done<T>>;
const text = z.string();
const sum = text.meta({ pattern: '^[0-9]+$' });

const redemptionSchema = z
  .strictObject({
    id: text,
    external_id: text,
    source: text,
    member: text,
    unit: text,
    points: sum,
    state: z.enum(['held', 'captured', 'voided', 'expired']),
    money_off: z.strictObject({ amount: sum, currency: text }).nullable(),
    hold_expires_at: schemas.instant.nullable(),
    refunded: sum,
  })
  .meta({ id: 'Redemption', description: 'Points exchanged for money off, or on hold for it.' });

const answer = z
  .strictObject({ known: z.boolean(), redemption: redemptionSchema, ...effectsShape })
  .meta({ id: 'RedemptionAnswer' });
const params = z.strictObject({ redemption: schemas.wireIdOf('red') });

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

export const rewardsRoutes =
  ({ ledger, pool }: { ledger: Ledger; pool: Pool }) =>
  (api: Api): void => {
    api.route(
      {
        method: 'POST',
        path: '/v1/redemptions',
        scope: 'redemptions:write',
        tag: 'Redemptions',
        operation: 'createRedemption',
        summary: 'Redeem points: hold them, or take them at once',
        description:
          'Never takes more points than there are, whatever else goes on. A hold that is neither captured nor voided ends by itself.',
        program: true,
        dryRun: true,
        body: z
          .strictObject({
            external_id: schemas.externalId,
            source: schemas.sourceName.optional(),
            member: schemas.reference('mem'),
            unit: text.max(32).optional(),
            points: schemas.positiveAmount,
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
          'key_reused',
          'source_not_allowed',
        ],
      },
      async ({ program, credentials, body, dryRun }) => {
        const source = sourceOf(credentials, body.source);
        if (!source.ok) return source;
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
        const redemption: RedemptionBody = {
          externalId: body.external_id,
          source: source.value,
          unit: body.unit ?? null,
          points: body.points,
          capture: body.capture,
          holdFor,
        };
        const payload = hash128(
          String(holder.value.id),
          redemption.unit ?? '',
          String(body.points),
          String(body.capture),
          body.capture ? '' : String(holdFor),
        );
        const key = businessKey(program.id, source.value, 'redemption', body.external_id);
        const command = {
          type: 'redemption',
          programId: program.id,
          member: `ext:${holder.value.externalId}`,
          key,
          payload,
          body: redemption,
        };
        const [outcome] = await ledger.run<RedemptionAnswer>([command], dryRun);
        return wires(outcome as Answered<RedemptionAnswer>);
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

    const change = async (
      program: { id: number },
      credentials: Credentials,
      body: Omit<ChangeBody, 'source'> & { source: string | undefined },
      dryRun: boolean,
    ) => {
      const source = sourceOf(credentials, body.source);
      if (!source.ok) return source;
      const redemption = (await store.redemptions(pool, [body.redemptionId])).get(body.redemptionId);
      if (redemption?.programId !== program.id)
        return refuse('redemption_not_found', 'There is no such redemption in this program.');
      const holder = await ledger.directory.find(program.id, wireId('mem', BigInt(redemption.memberId)));
      if (!holder.ok) return holder;
      const sent: ChangeBody = { ...body, source: source.value };
      const key = businessKey(program.id, source.value, 'redemption_change', body.externalId);
      const command = {
        type: 'redemption_change',
        programId: program.id,
        member: `ext:${holder.value.externalId}`,
        key,
        payload: changePayload(sent),
        body: sent,
      };
      const [outcome] = await ledger.run<ChangeAnswer>([command], dryRun);
      return wires(outcome as Answered<ChangeAnswer>);
    };

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
          'They go back to the very lots that were consumed and keep their dates: what has expired since comes back expired.',
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
