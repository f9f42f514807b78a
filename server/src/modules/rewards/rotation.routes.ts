import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { type Outcome, type Refusal, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { type Rotation, rotate, rotationOf } from './rotation.ts';
import type { Vouchers } from './vouchers.ts';

const count = z.int().min(0);

const rotationSchema = z
  .strictObject({
    state: z
      .enum(['none', 'ready', 'running'])
      .describe(
        '`none`: all codes are encrypted with the secret of this engine. `ready`: it has a new one, and nothing was done yet. `running`: some are, some are not.',
      ),
    key: z.string().describe("The id of the key of this engine's secret."),
    before: z
      .string()
      .nullable()
      .describe('The id of the key that it replaces; null: no code has it any more.'),
    codes: count,
    left: count.describe('Codes that are still encrypted with the key before.'),
  })
  .meta({
    id: 'CodeRotation',
    description: 'How far voucher codes have got from an old secret to a new one.',
  });

/** The codes belong to the installation, and so does their secret. */
const boundKey = ({ program }: { program: string | null }): { ok: false; refusal: Refusal } | undefined =>
  program === null
    ? undefined
    : refuse('forbidden', 'The secret is that of all programs; the key is bound to one.');

/** The change of the secret that voucher codes are encrypted with. */
export const rotationRoutes =
  ({ pool, vouchers }: { pool: Pool; vouchers: Vouchers }) =>
  (api: Api): void => {
    const own = {
      path: '/v1/voucher-codes/rotation',
      scope: 'codes:rotate',
      tag: 'Rewards',
      answers: { 200: rotationSchema },
      refusals: ['voucher_key_missing'],
    } as const;

    api.route(
      {
        ...own,
        method: 'GET',
        operation: 'getCodeRotation',
        summary: 'How far voucher codes have got from an old secret to a new one',
      },
      ({ credentials }): Promise<Outcome<Rotation>> =>
        Promise.resolve(boundKey(credentials) ?? pool.snapshot(tx => rotationOf(tx, vouchers))),
    );

    api.route(
      {
        ...own,
        method: 'POST',
        operation: 'rotateCodes',
        summary: 'Encrypt voucher codes with the new secret',
        description:
          'Encrypts about `most` codes and says how many are left: call it until the state is `none`. Codes are added and handed out meanwhile. Interrupted or called by several at once, it goes on where it was.',
        body: z
          .strictObject({ most: z.int().min(1).max(50_000).default(5_000) })
          .meta({ id: 'CodeRotationStep' }),
      },
      ({ credentials, body }): Promise<Outcome<Rotation>> =>
        Promise.resolve(boundKey(credentials) ?? rotate(pool, vouchers, body.most)),
    );
  };
