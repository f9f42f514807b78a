import fc from 'fast-check';
import type { ApiDocument, Operation } from './document.ts';
import { DRAFTS, draftOf, isAboutDrafts } from './drafts.ts';
import { listHints } from './lists.ts';
import { arbitraryOf, type Hint, type Recipe } from './values.ts';
import type { KnownOrder, World } from './world.ts';

/** A request before it is sent; anything in it may still be a recipe. */
export interface Draft {
  /** Which of the fuzz's programs it is for. */
  program: number;
  path: unknown;
  query: unknown;
  headers: unknown;
  body: unknown;
}

/** The programs that the fuzz makes: with a test clock, with the real time, and one that refuses what it can. */
export const PROGRAMS = ['fuzz-test', 'fuzz-wall', 'fuzz-strict'] as const;

const MINUTE = 60_000;
const recipe = (give: Recipe<World>): fc.Arbitrary<Recipe<World>> => fc.constant(give);
const place = <T>(give: (world: World, place: number) => T): fc.Arbitrary<Recipe<World>> =>
  fc.nat(1_000).map(number => (world: World) => give(world, number));
const at = (world: World, minutes: number): string => {
  const now = world.program === 'fuzz-test' ? world.clock : Date.now();
  return new Date(now + minutes * MINUTE).toISOString();
};
const pick = <T>(list: readonly T[] | undefined, number: number): T | undefined =>
  list?.[number % Math.max(1, list.length)];
const often = <T>(weight: number, usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare });

const member = place((world, number) => pick(world.members.get(world.program), number) ?? 'ext:first');
const newcomer = place((world, number) => `ext:newcomer-${world.serial}-${number}`);
const fresh = place((world, number) => `k-${world.serial}-${number}`);
const used = place((world, number) => pick(world.used, number) ?? `k-${number}`);
const small = fc.integer({ min: 1, max: 40 }).map(String);
const money = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 100, max: 50_000 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('0', '1', '9223372036854775807', '4611686018427387904') },
);
const earlier = fc.oneof(
  { weight: 6, arbitrary: fc.nat(600).map(minutes => (world: World) => at(world, -minutes)) },
  { weight: 1, arbitrary: fc.nat(900_000).map(minutes => (world: World) => at(world, -minutes)) },
);

/** Half of a line of the order that the request is about, or one line, or all that is left. */
const someLines = fc
  .tuple(fc.nat(4), fc.constantFrom('all', 'line', 'quantity', 'amount'))
  .map(([number, how]) => ({ order }: World) => {
    const line = pick(order?.lines, number);
    if (line === undefined || how === 'all') return undefined;
    if (how === 'quantity') return [{ id: line.id, quantity: 1 }];
    const half = BigInt(line.amount) / 2n;
    return how === 'amount' && half > 0n ? [{ id: line.id, amount: String(half) }] : [{ id: line.id }];
  });
const nameOf = (order: KnownOrder | undefined, number: number): string =>
  order === undefined
    ? 'ord_0000000000000'
    : number % 2 === 0 || order.source !== 'api'
      ? order.id
      : `ext:${order.externalId}`;

const rate = fc.constantFrom('1', '2', '0.5', '0.333', '10');
const goodDocument = fc
  .record({
    rate,
    rounding: fc.constantFrom('floor', 'half_up', 'ceiling'),
    spent: fc.constantFrom('clamp_to_zero', 'allow_negative'),
  })
  .map(({ rate: per_currency_unit, rounding, spent }) => ({
    currency: 'USD',
    units: { points: { worth: '0.01' }, miles: {} },
    rounding,
    earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit } }],
    returns: { if_spent: spent },
  }));

const TAKES_DOCUMENT = new Set(['putProgram', 'planProgram', 'putDraft']);

const nothing = recipe(() => undefined);

function programOf(operation: string): fc.Arbitrary<unknown> {
  if (operation === 'putProgram') return fc.nat(4).map(number => `fuzz-doc-${number}`);
  if (isAboutDrafts(operation)) return fc.constant(DRAFTS);
  return operation === 'setProgramClock' ? fc.constant('fuzz-test') : recipe(world => world.program);
}

function pointsOf(operation: string): fc.Arbitrary<unknown> {
  if (operation === 'refundRedemption') return fc.constantFrom('1', '2', '3');
  return operation === 'createAdjustment'
    ? often(
        4,
        small,
        small.map(text => `-${text}`),
      )
    : small;
}

/** One redemption in three is for a reward: with what belongs to it, and without what does not. */
const ofReward = (isReward: boolean, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  value.map(given => (world: World) => ((world.serial % 3 === 0) === isReward ? given : undefined));

const redemptionHints: Record<string, fc.Arbitrary<unknown>> = {
  reward: ofReward(true, often(8, fc.constant('mug'), fc.constant('none'))),
  order_total: ofReward(true, money),
  points: ofReward(false, small),
  unit: ofReward(false, often(4, fc.constant('points'), fc.constantFrom('miles', 'stars'))),
};

/** Activities that the programs have, and friends who are mostly new. */
const activityHints = (operation: string): Record<string, fc.Arbitrary<unknown>> =>
  operation.startsWith('createActivit')
    ? {
        type: often(6, fc.constantFrom('login', 'review'), fc.constant('share')),
        attributes: often<unknown>(4, nothing, fc.constantFrom({ stars: 5 }, { stars: 'five' })),
      }
    : operation === 'createReferral'
      ? { referrer: member, friend: often(4, newcomer, member) }
      : operation === 'getReferral'
        ? {
            referral: place((world, number) => world.own(world.referrals, number)?.id ?? 'ref_0000000000000'),
          }
        : {
            activity: place(
              (world, number) => world.own(world.activities, number)?.id ?? 'act_0000000000000',
            ),
          };

/** Two members for a transfer; few members for the household, so that they come and go. */
function transferHints(operation: string): Record<string, fc.Arbitrary<unknown>> {
  const few = fc.constantFrom('ext:first', 'ext:second', 'ext:third');
  const home = recipe(() => 'ext:home');
  if (operation === 'createTransfer')
    return { from: few, to: often<unknown>(6, few, often(2, member, home)), unit: nothing };
  if (operation === 'getTransfer')
    return {
      transfer: place((world, number) => world.own(world.transfers, number)?.id ?? 'trf_0000000000000'),
    };
  return {
    household: often(8, home, member),
    ...(operation.endsWith('Household') ? { member: few } : {}),
    ...(operation === 'createRedemption' ? { by: often<unknown>(8, nothing, few) } : {}),
  };
}

/** What is looked at and decided by hand: replays, cases, grants of tiers, badges. */
function deskHints(operation: string): Record<string, fc.Arbitrary<unknown>> {
  const day = 86_400_000;
  const ofGrant = operation === 'endTierGrant';
  return {
    backtest: place((world, number) => world.own(world.backtests, number)?.id ?? 'bkt_0000000000000'),
    rerate: place((world, number) => world.own(world.rerates, number)?.id ?? 'rer_0000000000000'),
    case: place((world, number) => world.own(world.cases, number)?.id ?? 'cas_0000000000000'),
    grant: place((world, number) => world.own(world.grants, number)?.id ?? 'tgr_0000000000000'),
    ...(operation === 'withdrawBadge'
      ? {
          award: place((world, number) => world.own(world.awards, number)?.id ?? 'bdg_0000000000000'),
          member: place((world, number) => world.own(world.awards, number)?.member ?? 'ext:first'),
        }
      : {}),
    badge: often(6, fc.constantFrom('helper', 'regular'), fc.constant('none')),
    ...(/^(reveal|retry)GiftVoucher$/.test(operation)
      ? {
          voucher: place((world, number) => world.own(world.vouchers, number)?.id ?? 'vch_0000000000000'),
          member: place((world, number) => world.own(world.vouchers, number)?.member ?? 'ext:first'),
        }
      : {}),
    ...(ofGrant
      ? { member: place((world, number) => world.own(world.grants, number)?.member ?? 'ext:first') }
      : {}),
    tier: often(4, fc.constant('gold'), fc.constant('basic')),
    ...(operation === 'retryRefusedVouchers'
      ? {
          campaign: often<unknown>(4, fc.constant('treat'), fc.constant('trick')),
          reward: nothing,
          after: nothing,
        }
      : {}),
    ...(['createRerate', 'createBacktest'].includes(operation)
      ? {
          from: fc
            .nat(20)
            .map(days => (world: World) => new Date(world.clock - (days + 2) * day).toISOString()),
          to: fc.nat(1).map(days => (world: World) => new Date(world.clock - days * day).toISOString()),
          version: nothing,
          document: nothing,
        }
      : {}),
    ...(operation === 'grantTier' ? { from: nothing, until: nothing } : {}),
  };
}

/** What the schemas cannot say: what exists, what hangs together, what is likely. */
function hintsOf({ name: operation }: Operation, scopes: readonly string[]): Hint {
  const isMade = operation === 'createMember';
  const soon = fc
    .nat(30)
    .map(minutes => (world: World) => new Date(world.clock + minutes * MINUTE).toISOString());
  const hints: Record<string, fc.Arbitrary<unknown> | undefined> = {
    member: ['createOrder', 'createOrders'].includes(operation) ? often(3, member, newcomer) : member,
    external_id: often(6, fresh, isMade ? fresh : used),
    'idempotency-key': often(6, fresh, used),
    order: place((world, number) => {
      world.order = world.own(world.orders, number);
      return nameOf(world.order, number);
    }),
    redemption: place(
      (world, number) =>
        world.own(
          ['captureRedemption', 'voidRedemption'].includes(operation)
            ? world.held
            : operation === 'fulfilRedemption'
              ? world.pending
              : world.captured,
          number,
        )?.id ?? 'red_0000000000000',
    ),
    entry: place((world, number) => world.own(world.entries, number)?.id ?? 'ent_00000000000200000001'),
    key: place((world, number) => pick(world.keys, number) ?? 'key_0000000000000'),
    program: programOf(operation),
    draft: draftOf(operation),
    state: isAboutDrafts(operation) ? often<unknown>(3, nothing, fc.constant('open')) : undefined,
    from: operation === 'diffProgram' ? fc.nat(1) : undefined,
    to: operation === 'diffProgram' ? fc.constant(1) : undefined,
    ...listHints(operation),
    occurred_at: earlier,
    as_of: earlier,
    effective_from: often<unknown>(
      8,
      nothing,
      fc.nat(1_000).map(minutes => (world: World) => at(world, minutes)),
    ),
    base_version: often<unknown>(8, nothing, fc.nat(3)),
    version: often(3, fc.constant(1), fc.integer({ min: 1, max: 5 })),
    now: soon,
    ...(operation === 'setProgramClock'
      ? { to: soon, advance: fc.constantFrom('PT1M', 'PT30M', 'P1M1') }
      : {}),
    ...activityHints(operation),
    ...(operation === 'createOrderEvent' ? { type: fc.constantFrom('stay.completed', 'trip.ended') } : {}),
    expires_at: fc.integer({ min: 1, max: 100_000 }).map(minutes => (world: World) => at(world, minutes)),
    currency: often(8, fc.constant('USD'), fc.constantFrom('EUR', 'JPY')),
    amount: money,
    points: pointsOf(operation),
    unit: often(4, fc.constant('points'), fc.constantFrom('miles', 'stars')),
    source: often(4, fc.constant('api'), fc.constantFrom('web', 'till')),
    order_source: recipe(world => world.order?.source),
    revision:
      operation === 'putDraft'
        ? often<unknown>(6, nothing, fc.nat(3))
        : often(6, fc.constant(1), fc.integer({ min: 2, max: 4 })),
    lines: operation === 'createReturn' ? someLines : undefined,
    hold_for: fc.constantFrom('PT15M', 'P1D', 'P30D', 'PT1H30M', 'P1DT1S'),
    dry_run: often(4, fc.constant(false), fc.constant(true)),
    prefer: fc.constantFrom('return=minimal', 'return=representation', 'respond-async, return=minimal'),
    cursor: place((world, number) => pick(world.cursors.get(operation), number)),
    after: place((world, number) => pick(world.cursors.get(operation), number)),
    limit: often(3, fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 1_000 })),
    scopes: fc.uniqueArray(fc.constantFrom(...scopes, '*'), { minLength: 1, maxLength: 4 }),
    sources: fc.uniqueArray(fc.constantFrom('api', 'web', 'till', '*'), { minLength: 1, maxLength: 3 }),
    ...transferHints(operation),
    ...deskHints(operation),
  };
  const special = operation === 'createRedemption' ? redemptionHints : {};
  return name => special[name] ?? hints[name];
}

/** Good requests of an operation: by its schemas, with what exists. One in eight goes by the schemas alone. */
export function goodDrafts(
  document: ApiDocument,
  operation: Operation,
  scopes: readonly string[],
): fc.Arbitrary<Draft> {
  const hint = hintsOf(operation, scopes);
  const build = (hints: Hint): fc.Arbitrary<Draft> => {
    const group = (where: string) => {
      const own = operation.parameters.filter(parameter => parameter.in === where);
      return fc.record(
        Object.fromEntries(own.map(({ name, schema }) => [name, arbitraryOf(document, schema, hints, name)])),
        { requiredKeys: own.filter(parameter => parameter.required).map(parameter => parameter.name) },
      );
    };
    const body =
      TAKES_DOCUMENT.has(operation.name) && hints === hint
        ? goodDocument
        : operation.body === undefined
          ? fc.constant(undefined)
          : arbitraryOf(document, operation.body, hints);
    return fc.record({
      program: fc.nat(PROGRAMS.length - 1),
      path: group('path'),
      query: group('query'),
      headers: group('header'),
      body,
    });
  };
  return fc.oneof({ weight: 7, arbitrary: build(hint) }, { weight: 1, arbitrary: build(() => undefined) });
}
