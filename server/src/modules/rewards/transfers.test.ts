import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import fc from 'fast-check';
import { type Json, type Reply, testEngine } from '../../../test/support/engine.ts';
import { invariants, verified } from '../../../test/support/invariants.ts';

/*
 * Random transfers, redemptions, credits and days on PostgreSQL against a plain model: a member is a list of lots, a
 * transfer takes them by date and puts them down elsewhere. After each step the answer, every member's lots by date and
 * the books are compared.
 */

const engine = await testEngine();
after(() => engine.stop());

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 20);
const at = (day: number): string => new Date(START + day * DAY).toISOString();
const MEMBERS = ['ann', 'ben', 'eve'];

interface Rules {
  minimum: number;
  maximum: number;
  /** Points and times that a member gives away in a calendar month. */
  send: { points: number; times: number };
  /** Points that a member is given in a calendar month. */
  receive: number;
  fee: number;
}

type Step =
  | { do: 'credit'; who: number; points: number; days: number }
  | { do: 'redeem'; who: number; points: number }
  | { do: 'transfer'; who: number; to: number; points: number; again: boolean }
  | { do: 'wait'; days: number };

interface Lot {
  day: number;
  points: number;
}

/** What should happen, in as few words as possible. */
class Model {
  day = 0;
  readonly lots: Lot[][] = MEMBERS.map(() => []);
  private readonly rules: Rules;
  private readonly given: { from: number; to: number; points: number; month: string }[] = [];

  constructor(rules: Rules) {
    this.rules = rules;
  }

  private get month(): string {
    return at(this.day).slice(0, 7);
  }

  wait(days: number): void {
    this.day += days;
    for (const [who, lots] of this.lots.entries()) this.lots[who] = lots.filter(({ day }) => day > this.day);
  }

  credit(who: number, points: number, day: number): void {
    if (day > this.day) this.lots[who]?.push({ day, points });
  }

  available = (who: number): number => (this.lots[who] ?? []).reduce((sum, { points }) => sum + points, 0);

  take(who: number, points: number): Lot[] {
    const taken: Lot[] = [];
    let left = points;
    for (const lot of (this.lots[who] ?? []).toSorted((a, b) => a.day - b.day)) {
      const part = Math.min(left, lot.points);
      if (part > 0) taken.push({ day: lot.day, points: part });
      lot.points -= part;
      left -= part;
    }
    this.lots[who] = (this.lots[who] ?? []).filter(lot => lot.points > 0);
    return taken;
  }

  transfer(from: number, to: number, points: number): string {
    const { minimum, maximum, send, receive, fee } = this.rules;
    const own = this.given.filter(each => each.month === this.month);
    const sum = (some: typeof own) => some.reduce((all, each) => all + each.points, 0);
    const sent = own.filter(each => each.from === from);
    const received = own.filter(each => each.to === to);
    if (from === to) return 'transfer_to_self';
    const isLimited =
      points < minimum ||
      points > maximum ||
      sum(sent) + points > send.points ||
      sent.length >= send.times ||
      sum(received) + points > receive;
    if (isLimited) return 'transfer_limited';
    if (this.available(from) < points + fee) return 'insufficient_balance';
    for (const lot of this.take(from, points)) this.lots[to]?.push(lot);
    this.take(from, fee);
    this.given.push({ from, to, points, month: this.month });
    return 'done';
  }

  /** Points by the day on which they expire. */
  byDay(who: number): [day: string, points: number][] {
    const days = new Map<number, number>();
    for (const { day, points } of this.lots[who] ?? []) days.set(day, (days.get(day) ?? 0) + points);
    return [...days].sort(([a], [b]) => a - b).map(([day, points]) => [at(day), points]);
  }
}

const doneOf = ({ status, body }: Reply): string =>
  status <= 201 ? 'done' : `${(body as { code: string }).code}`;

let programs = 0;

async function live(rules: Rules, steps: readonly Step[]): Promise<void> {
  const program = `random-${++programs}`;
  const { minimum, maximum, send, receive, fee } = rules;
  await engine.publish(program, {
    currency: 'USD',
    units: { points: {} },
    clock: { test: at(0) },
    transfers: {
      allowed: true,
      minimum: String(minimum),
      maximum: String(maximum),
      send: { points: String(send.points), times: send.times },
      receive: { points: String(receive) },
      ...(fee > 0 ? { fee: { points: String(fee) } } : {}),
    },
  });
  for (const id of MEMBERS) await engine.post('/v1/members', program, { external_id: id });
  const model = new Model(rules);
  for (const [nr, step] of steps.entries()) {
    await take(program, model, step, `${nr}`);
    await compare(program, model);
  }
}

async function take(program: string, model: Model, step: Step, key: string): Promise<void> {
  const who = 'who' in step ? `ext:${MEMBERS[step.who]}` : '';
  if (step.do === 'wait') {
    model.wait(step.days);
    await engine.setClock(program, START + model.day * DAY);
  } else if (step.do === 'credit') {
    const day = model.day + step.days;
    model.credit(step.who, step.points, day);
    const body = { external_id: key, points: String(step.points), reason: 'a test', expires_at: at(day) };
    assert.equal(doneOf(await engine.post(`/v1/members/${who}/adjustments`, program, body)), 'done');
  } else if (step.do === 'redeem') {
    const expected = model.available(step.who) < step.points ? 'insufficient_balance' : 'done';
    if (expected === 'done') model.take(step.who, step.points);
    const body = { external_id: key, member: who, points: String(step.points), capture: true };
    assert.equal(doneOf(await engine.post('/v1/redemptions', program, body)), expected);
  } else {
    const expected = model.transfer(step.who, step.to, step.points);
    const sent = { external_id: key, from: who, to: `ext:${MEMBERS[step.to]}`, points: String(step.points) };
    const dry = await engine.call('POST', '/v1/transfers', { program, body: sent, dryRun: true });
    assert.equal(doneOf(dry), expected, JSON.stringify(dry.body));
    const first = await engine.post('/v1/transfers', program, sent);
    assert.equal(doneOf(first), expected, JSON.stringify(first.body));
    if (!step.again || expected !== 'done') return;
    const { status, body } = await engine.post('/v1/transfers', program, sent);
    assert.deepEqual([status, body], [200, { ...first.body, known: true }]);
  }
}

async function compare(program: string, model: Model): Promise<void> {
  for (const [who, id] of MEMBERS.entries()) {
    const { body } = await engine.get<Json>(`/v1/members/ext:${id}/balances?expiring=true`, program);
    const [wallet] = body['balances'] as {
      available: string;
      expiring: { expires_at: string; points: string }[];
    }[];
    assert.equal(wallet?.available, String(model.available(who)));
    assert.deepEqual(
      wallet?.expiring.map(({ expires_at: day, points }) => [day, Number(points)]),
      model.byDay(who),
    );
  }
  await verified(engine);
}

const member = fc.nat(MEMBERS.length - 1);
const points = fc.integer({ min: 1, max: 60 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('credit' as const),
      who: member,
      points,
      days: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('redeem' as const), who: member, points }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('transfer' as const),
      who: member,
      to: member,
      points,
      again: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 25 }) }),
  },
);
const rules: fc.Arbitrary<Rules> = fc.record({
  minimum: fc.constantFrom(1, 5),
  maximum: fc.constantFrom(30, 100),
  send: fc.record({ points: fc.constantFrom(60, 1_000), times: fc.constantFrom(3, 100) }),
  receive: fc.constantFrom(80, 1_000),
  fee: fc.constantFrom(0, 3),
});

test('any sequence of transfers, redemptions, credits and days leaves the lots that a plain model has', async () => {
  await fc.assert(fc.asyncProperty(rules, fc.array(step, { minLength: 5, maxLength: 25 }), live), {
    numRuns: Number(process.env['FEALTY_TRANSFER_RUNS'] ?? 8),
  });
  await invariants(engine);
});
