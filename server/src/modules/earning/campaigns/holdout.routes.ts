import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { earnedBetween, type Ledger, time, walletId } from '../../ledger/index.ts';
import type { Members } from '../../members/index.ts';
import { type ProgramVersion, versionAt } from '../../program/index.ts';
import type { ProgramInForce } from '../model.ts';
import { boughtBetween } from './holdout.store.ts';
import { isHeldOut } from './holdout.ts';

const MEMBERS_A_PAGE = 5_000;
/** The first instant that an order can have. */
const BEGINNING = 0;

const whole = z.string().meta({ pattern: '^-?[0-9]+$' });
const group = z.strictObject({
  members: z.int(),
  buyers: z.int().describe('Members with an order in the period that did not come back as a whole.'),
  orders: z.int(),
  spend: whole.describe("In minor units of the program's currency, less what came back."),
  points: whole.describe('Of the default unit: earned in the period, less what was taken back in it.'),
  orders_per_member: z.string().describe('With two decimals, rounded down.'),
  spend_per_member: whole.describe('In minor units, rounded down.'),
  points_per_member: z.string().describe('With two decimals, rounded down.'),
});

interface Group {
  members: number;
  buyers: number;
  orders: number;
  spend: bigint;
  points: bigint;
}

/** `sum` for each of `members`, in hundredths and rounded towards zero. */
function hundredths(sum: bigint, members: number): string {
  if (members === 0) return '0.00';
  const value = (sum * 100n) / BigInt(members);
  const digits = String(value < 0n ? -value : value).padStart(3, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

const wire = ({ members, buyers, orders, spend, points }: Group) => ({
  members,
  buyers,
  orders,
  spend: String(spend),
  points: String(points),
  orders_per_member: hundredths(BigInt(orders), members),
  spend_per_member: String(members === 0 ? 0n : spend / BigInt(members)),
  points_per_member: hundredths(points, members),
});

/** Members to whom no campaign applies, beside the others. */
export function holdoutRoutes(
  api: Api,
  { ledger, pool, members }: { ledger: Ledger; pool: Pool; members: Members },
): void {
  api.route(
    {
      method: 'GET',
      path: '/v1/programs/{program}/holdout',
      scope: 'program:read',
      summary: 'What members of the holdout bought and earned, beside the others',
      description:
        'The version in force now says who is in the holdout; one with another share or salt has others. Asks for every member: about 20 seconds for a million.',
      tag: 'Programs',
      operation: 'getHoldout',
      params: z.strictObject({ program: schemas.programName }),
      query: z.strictObject({
        from: schemas.instant.optional().describe('The first instant; left out: the beginning.'),
        to: schemas.instant.optional().describe('The end, which is outside; left out: now.'),
      }),
      answers: {
        200: z
          .strictObject({
            from: schemas.instant,
            to: schemas.instant,
            currency: z.string(),
            unit: z.string(),
            holdout: group,
            others: group,
          })
          .meta({ id: 'HoldoutReport' }),
      },
      refusals: ['program_not_found', 'program_without_holdout'],
    },
    async ({ params, query }) => {
      const found = await ledger.directory.programNamed(params.program);
      if (found === undefined) return refuse('program_not_found', 'There is no program with this name.');
      const version = versionAt((found as ProgramInForce).program, found.now);
      if (version.holdout === null)
        return refuse(
          'program_without_holdout',
          `Version ${version.version} of ${found.name} holds nobody out.`,
        );
      const span = { from: query.from ?? BEGINNING, to: query.to ?? found.now + 1 };
      const groups = await compare({ pool, members }, found.id, version, span);
      return accept({
        from: time(span.from) as string,
        to: time(span.to) as string,
        currency: version.currency,
        unit: version.defaultUnit.name,
        holdout: wire(groups.holdout),
        others: wire(groups.others),
      });
    },
  );
}

/** Sums both groups up, a page of members after the other. */
async function compare(
  { pool, members }: { pool: Pool; members: Members },
  programId: number,
  version: ProgramVersion,
  span: { from: number; to: number },
): Promise<Record<'holdout' | 'others', Group>> {
  const nothing = (): Group => ({ members: 0, buyers: 0, orders: 0, spend: 0n, points: 0n });
  const groups = { holdout: nothing(), others: nothing() };
  for (let after = 0n; ; ) {
    const page = await members.list(pool, programId, { after, limit: MEMBERS_A_PAGE, type: 'person' });
    for (const name of ['holdout', 'others'] as const) {
      const own = page
        .filter(({ externalId }) => isHeldOut(version, externalId) === (name === 'holdout'))
        .map(({ id }) => Number(id));
      const wallets = own.map(id => walletId(id, version.defaultUnit.number));
      const [{ buyers, orders, spend }, points] = await Promise.all([
        boughtBetween(pool, own, span),
        earnedBetween(pool, wallets, span),
      ]);
      const sums = groups[name];
      sums.members += own.length;
      sums.buyers += buyers;
      sums.orders += orders;
      sums.spend += spend;
      sums.points += points;
    }
    if (page.length < MEMBERS_A_PAGE) return groups;
    after = page.at(-1)?.id ?? after;
  }
}
