import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { hash128 } from '#platform/ids.ts';
import { carryOutKeyed, effectsShape, type Ledger, memberText, type ProgramFacts } from '../ledger/index.ts';
import { findTransfers, type TransferBody } from './transfers.store.ts';
import { type TransferAnswer, transferToWire } from './transfers.ts';

const text = z.string();
const sum = text.meta({ pattern: '^[0-9]+$' });

const transferSchema = z
  .strictObject({
    id: text,
    kind: z
      .enum(['gift', 'contribution'])
      .meta({ description: 'To another member, or into the household of the sender.' }),
    external_id: text
      .nullable()
      .meta({ description: 'Null where the engine moved points into a household by itself.' }),
    source: text,
    from: text,
    to: text,
    unit: text,
    points: sum.meta({ description: 'What arrives.' }),
    fee: sum.meta({ description: 'What the sender paid beside it.' }),
    reason: text.nullable(),
    rule: text.meta({ description: '`transfers@version` of the program that allowed it.' }),
    occurred_at: schemas.instant,
  })
  .meta({ id: 'Transfer', description: 'Points that one member gave another.' });

const side = z
  .strictObject({ member: text, ...effectsShape })
  .meta({ id: 'TransferSide', description: 'What a transfer did to the wallet of one member.' });

const answer = z
  .strictObject({ known: z.boolean(), transfer: transferSchema, from: side, to: side })
  .meta({ id: 'TransferAnswer' });

/** Two ways to name one member are one payload. */
const payloadOf = (from: number, to: number, { unit, points, reason }: TransferBody): string =>
  hash128(String(from), String(to), unit ?? '', String(points), reason ?? '');

export const transferRoutes =
  ({ ledger, pool }: { ledger: Ledger; pool: Pool }) =>
  (api: Api): void => {
    api.route(
      {
        method: 'POST',
        path: '/v1/transfers',
        scope: 'transfers:write',
        tag: 'Transfers',
        operation: 'createTransfer',
        summary: 'Give points from one member to another',
        description:
          'Never more than the sender has. Each lot that gives opens one at the receiver with the date of expiry that it has. What is allowed, how much and at what fee, the program says under `transfers`.',
        program: true,
        dryRun: true,
        body: z
          .strictObject({
            external_id: schemas.externalId,
            source: schemas.sourceName.optional(),
            from: schemas.reference('mem'),
            to: schemas.reference('mem'),
            unit: text.max(32).optional(),
            points: schemas.positiveAmount,
            reason: schemas.line(200, 'a birthday').optional(),
          })
          .meta({ id: 'TransferRequest' }),
        answers: { 200: answer, 201: answer },
        refusals: [
          'insufficient_balance',
          'member_not_found',
          'member_reference_invalid',
          'transfers_not_allowed',
          'transfer_to_self',
          'transfer_limited',
          'transfer_from_household',
          'households_not_allowed',
          'household_member_not_found',
          'unit_unknown',
          'unit_not_redeemable',
          'points_out_of_range',
          'key_reused',
          'source_not_allowed',
        ],
      },
      call =>
        carryOutKeyed<TransferAnswer>(ledger, call, async source => {
          const { program, body } = call;
          const [from, to] = await Promise.all(
            [body.from, body.to].map(each => ledger.directory.find(program.id, memberText(each))),
          );
          if (from?.ok !== true) return from as Outcome<never>;
          if (to?.ok !== true) return to as Outcome<never>;
          const transfer: TransferBody = {
            externalId: body.external_id,
            source,
            unit: body.unit ?? null,
            points: body.points,
            reason: body.reason ?? null,
          };
          return accept({
            type: 'transfer',
            externalId: body.external_id,
            member: `ext:${from.value.externalId}`,
            counterpart: `ext:${to.value.externalId}`,
            payload: payloadOf(from.value.id, to.value.id, transfer),
            body: transfer,
          });
        }),
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/transfers/{transfer}',
        scope: 'transfers:read',
        tag: 'Transfers',
        operation: 'getTransfer',
        summary: 'A transfer',
        program: true,
        params: z.strictObject({ transfer: schemas.wireIdOf('trf') }),
        answers: { 200: transferSchema },
        refusals: ['transfer_not_found'],
      },
      async ({ program, params: { transfer: id } }) => {
        const stored = (await findTransfers(pool, [id])).get(id)?.stored;
        if (stored?.programId !== program.id)
          return refuse('transfer_not_found', 'There is no such transfer in this program.');
        const facts = (await ledger.directory.programs(pool, [program.id])).get(program.id);
        return accept(transferToWire(stored, facts as ProgramFacts));
      },
    );
  };
