import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compileVersion } from '../../../../test/support/tiers.ts';
import type { Program, ProgramDocument } from '../../program/index.ts';
import { type Announced, announce, TierCourse } from './tier-course.ts';
import type { TierGrant } from './tier-grants.store.ts';
import type { Contribution } from './timeline.ts';

const DAY = 86_400_000;
const LEVELS = [
  { id: 'bronze', from: '0' },
  { id: 'silver', from: '20' },
  { id: 'gold', from: '50' },
  { id: 'black' },
];
const FROM = [0, 20, 50];
type Tiers = NonNullable<ProgramDocument['tiers']>;
const WINDOWS: Partial<Tiers>[] = [
  { window: { rolling: 'P30D' } },
  { window: 'lifetime' },
  { window: 'calendar_year' },
  { window: 'calendar_year', grace: 'P60D' },
  { window: 'calendar_year', downgrade: 'one_level' },
  { window: 'member_year' },
];
/** A leap year begins; the day of the enrolment is March 1. */
const FIRST = Date.UTC(2024, 0, 1) / DAY;
const ENROLLED = Date.UTC(2024, 2, 1) / DAY;
const programOf = (tiers: Partial<Tiers>): Program => ({
  id: 1,
  name: 'p',
  revision: 1,
  clock: { kind: 'wall' },
  versions: [compileVersion({ qualify_by: 'orders', levels: LEVELS, window: 'lifetime', ...tiers })],
});
const PROGRAMS = WINDOWS.map(programOf);

interface Bought {
  day: number;
  amount: number;
  backOn: number | null;
}
interface Given {
  from: number;
  until: number;
  level: number;
  on: number;
  endOn: number | null;
}
interface World {
  bought: Bought[];
  given: Given[];
}

/* The model: everything by days, looked at day by day. */

const reached = (sum: number): number => FROM.findLastIndex(from => sum >= from);
const sumOf = ({ bought }: World, after: number, until: number, known: number): number =>
  bought
    .filter(({ day, backOn }) => day > after && day <= until && (backOn === null || backOn > known))
    .reduce((sum, { amount }) => sum + amount, 0);
const yearOf = (day: number, own: boolean): number => {
  const date = new Date(day * DAY);
  const before = own && (date.getUTCMonth() < 2 ? 1 : 0);
  return date.getUTCFullYear() - Number(before);
};
const startOf = (year: number, own: boolean): number => Date.UTC(year, own ? 2 : 0, 1) / DAY;

function qualified(world: World, kind: number, today: number): number {
  if (kind === 0) return reached(sumOf(world, today - 30, today, today));
  if (kind === 1) return reached(sumOf(world, 0, today, today));
  const own = kind === 5;
  let held = 0;
  for (let year = 2018; ; year += 1) {
    const start = startOf(year, own);
    const last = reached(sumOf(world, startOf(year - 1, own) - 1, start - 1, today));
    const kept = kind === 4 ? Math.max(last, held - 1) : last;
    const isNow = year === yearOf(today, own);
    const now = reached(sumOf(world, start - 1, isNow ? today : startOf(year + 1, own) - 1, today));
    const inGrace = kind === 3 && isNow && today < start + 60;
    held = Math.max(kept, now, inGrace ? held : 0);
    if (isNow) return held;
  }
}
const granted = ({ given }: World, today: number): number =>
  Math.max(
    0,
    ...given
      .filter(({ from, until, endOn }) => from <= today && today < Math.min(until, endOn ?? until))
      .map(({ level }) => level),
  );
const tierOn = (world: World, kind: number, today: number): string =>
  LEVELS[Math.max(qualified(world, kind, today), granted(world, today))]?.id as string;

/* What the engine is given of the same world. */

const rowsOf = ({ bought }: World): Contribution[] =>
  bought.flatMap(({ day, amount, backOn }, index) => {
    const row = (happenedOn: number, orders: number): Contribution => ({
      memberId: 1,
      orderId: BigInt(index),
      anchor: day * DAY,
      happenedAt: happenedOn * DAY,
      change: { spend: 0n, orders: BigInt(orders), nights: 0n, points: 0n },
      isSummed: true,
    });
    return backOn === null ? [row(day, amount)] : [row(day, amount), row(backOn, -amount)];
  });
const grantsOf = ({ given }: World): TierGrant[] =>
  given.map(({ from, until, level, on, endOn }, index) => ({
    id: BigInt(2 * index + 1),
    programId: 1,
    memberId: 1,
    orderId: null,
    externalId: String(index),
    source: 'api',
    tier: LEVELS[level]?.id as string,
    from: from * DAY,
    until: until * DAY,
    reason: '',
    grantedBy: '',
    grantedAt: on * DAY,
    end: endOn === null ? null : { id: BigInt(2 * index + 2), at: endOn * DAY, reason: '', endedBy: '' },
  }));
const courseOf = (world: World, kind: number): TierCourse =>
  new TierCourse({
    memberId: 1,
    program: PROGRAMS[kind] as Program,
    enrolledAt: ENROLLED * DAY + 5_000,
    rows: rowsOf(world),
    granted: grantsOf(world),
  });

type Told = [day: number, from: string, to: string];

/** The announcer, with the row that it keeps. */
class Announcer {
  readonly told: Told[] = [];
  private row: (Omit<Announced, 'nextAt'> & { nextAt: number | null }) | null = null;

  mark(day: number, happenedOn = day): void {
    const [at, happenedAt] = [day * DAY, happenedOn * DAY];
    const { tier, seenAt, nextAt, markedAt } = this.row ?? {
      tier: null,
      seenAt: null,
      nextAt: null,
      markedAt: null,
    };
    const next = Math.min(nextAt ?? Number.POSITIVE_INFINITY, Math.max(at, seenAt ?? at));
    this.row = { tier, seenAt, nextAt: next, markedAt: Math.max(markedAt ?? happenedAt, happenedAt) };
  }

  get nextDay(): number {
    return (this.row?.nextAt ?? Number.POSITIVE_INFINITY) / DAY;
  }

  run(world: World, kind: number, today: number): void {
    const { row } = this;
    if (row === null || row.nextAt === null || row.nextAt > today * DAY) return;
    const { facts, tier, nextAt } = announce(
      courseOf(world, kind),
      { ...row, nextAt: row.nextAt },
      today * DAY,
    );
    for (const fact of facts)
      if (fact.kind === 'changed') this.told.push([fact.at / DAY, fact.from, fact.to]);
    this.row = { tier, nextAt, seenAt: today * DAY, markedAt: null };
  }
}

type Step =
  | { do: 'buy'; amount: number; ago: number }
  | { do: 'back'; which: number }
  | { do: 'grant'; level: number; ahead: number; days: number }
  | { do: 'end'; which: number }
  | { do: 'pass'; days: number };
const amount = fc.constantFrom(5, 15, 20, 30, 50);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('buy' as const), amount, ago: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('buy' as const), amount, ago: fc.nat(45) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('back' as const), which: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('grant' as const),
      level: fc.integer({ min: 1, max: 3 }),
      ahead: fc.nat(20),
      days: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(3) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('pass' as const), days: fc.integer({ min: 1, max: 90 }) }),
  },
);

/** Carries a step out, but for the passing of time; gives the day of what happened, or null. */
function happen(world: World, one: Exclude<Step, { do: 'pass' }>, today: number): number | null {
  if (one.do === 'buy') {
    world.bought.push({ day: today - one.ago, amount: one.amount, backOn: null });
    return today - one.ago;
  }
  if (one.do === 'grant') {
    const from = today + one.ahead;
    world.given.push({ from, until: from + one.days, level: one.level, on: today, endOn: null });
    return from;
  }
  if (one.do === 'back') {
    const order = world.bought[one.which];
    if (order === undefined || order.backOn !== null || order.day > today) return null;
    order.backOn = today;
    return today;
  }
  const grant = world.given[one.which];
  if (grant === undefined || grant.endOn !== null || grant.until <= today) return null;
  grant.endOn = today;
  return today;
}

/** Only what can change a tier marks: of orders in their turn those that raise it. */
function mark(
  announcer: Announcer,
  before: World,
  world: World,
  one: Step,
  kind: number,
  today: number,
  day: number,
) {
  if (one.do === 'buy' && one.ago > 0) announcer.mark(today, day);
  else if (one.do !== 'buy' || qualified(world, kind, day) > qualified(before, kind, day))
    announcer.mark(day);
}

/**
 * Lives through the steps, and gives what was announced and what should have been: the instants between which the
 * change can be dated, and the levels. `isIdle` says after which steps the announcer does not look.
 */
function live(kind: number, steps: readonly Step[], isIdle: (index: number) => boolean) {
  const world: World = { bought: [], given: [] };
  const announcer = new Announcer();
  const expected: { dates: [number, number]; levels: [string, string] }[] = [];
  let tier = 'bronze';
  let today = FIRST + 300;
  const look = (from: number) => {
    const now = tierOn(world, kind, today);
    if (now !== tier) expected.push({ dates: [from, today], levels: [tier, now] });
    tier = now;
  };
  for (const [index, one] of steps.entries()) {
    if (one.do === 'pass') {
      for (const end = today + one.days; today < end; ) {
        today += 1;
        look(today);
        if (!isIdle(index)) announcer.run(world, kind, today);
      }
      continue;
    }
    const before = structuredClone(world);
    const day = happen(world, one, today);
    if (day === null) continue;
    mark(announcer, before, world, one, kind, today, day);
    if (!isIdle(index)) announcer.run(world, kind, today);
    look(Math.min(day, today));
  }
  announcer.run(world, kind, today);
  announcer.run(world, kind, today);
  return { told: announcer.told, expected };
}

const anyKind = fc.nat(WINDOWS.length - 1);

test('what is announced are the changes of the tier, each once, in order: 10,000 courses beside a model of days', () => {
  fc.assert(
    fc.property(anyKind, fc.array(step, { minLength: 2, maxLength: 14 }), (kind, steps) => {
      const { told, expected } = live(kind, steps, () => false);
      assert.deepEqual(
        told.map(([, ...levels]) => levels),
        expected.map(({ levels }) => levels),
      );
      for (const [index, { dates }] of expected.entries()) {
        const [day] = told[index] as Told;
        assert.ok(day >= dates[0] && day <= dates[1], `${day} is not in ${dates}`);
      }
    }),
    { numRuns: 10_000 },
  );
});

test('a level that the year before had falls when its grace ends: not with the year, not with the next', () => {
  const quarter: Step = { do: 'pass', days: 90 };
  const steps: Step[] = [{ do: 'buy', amount: 20, ago: 0 }, ...new Array<Step>(9).fill(quarter)];
  assert.deepEqual(live(3, steps, () => false).told, [
    [FIRST + 300, 'bronze', 'silver'],
    [Date.UTC(2026, 0, 1) / DAY + 60, 'silver', 'bronze'],
  ]);
});

/** Several changes of one day as one; a day without a change in the end is left out. */
function byDay(changes: readonly Told[]): Told[] {
  const days = [...Map.groupBy(changes, ([day]) => day)].map(([day, own]): Told => {
    const [, from] = own[0] as Told;
    const [, , to] = own.at(-1) as Told;
    return [day, from, to];
  });
  return days.filter(([, from, to]) => from !== to);
}

test('who looks later announces the same changes at the same instants, as long as nothing came late', () => {
  const punctual = step.filter(one => one.do !== 'buy' || one.ago === 0);
  fc.assert(
    fc.property(
      anyKind,
      fc.array(punctual, { minLength: 2, maxLength: 14 }),
      fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }),
      (kind, steps, idle) => {
        const { told, expected } = live(kind, steps, index => idle[index] as boolean);
        const wanted = expected.map(({ dates, levels }): Told => [dates[1], ...levels]);
        assert.deepEqual(byDay(told), byDay(wanted));
      },
    ),
    { numRuns: 2_000 },
  );
});
