import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import fc from 'fast-check';
import { type Json, type Reply, testEngine } from '../../../test/support/engine.ts';
import { invariants, verified } from '../../../test/support/invariants.ts';

/*
 * Random contributions, redemptions, refunds of all of it, joins and leaves on PostgreSQL against a plain model: the pool is
 * a list of lots that know who gave them. After each step the answer, who contributed what, every balance and the books are
 * compared.
 */

const engine = await testEngine();
after(() => engine.stop());

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 20);
const at = (day: number): string => new Date(START + day * DAY).toISOString();
const MEMBERS = ['ann', 'ben', 'eve'];
const MOST = 2;

type Step =
  | { do: 'credit'; who: number; points: number; days: number }
  | { do: 'contribute'; who: number; points: number }
  | { do: 'redeem'; who: number; points: number; refund: boolean }
  | { do: 'join' | 'leave'; who: number }
  | { do: 'wait'; days: number };

interface Lot {
  day: number;
  points: number;
  giver: number;
}

/** Takes points out of lots, what expires first first, and gives what was taken. */
function take(lots: Lot[], points: number): Lot[] {
  const taken: Lot[] = [];
  let left = points;
  for (const lot of lots.toSorted((a, b) => a.day - b.day)) {
    const part = Math.min(left, lot.points);
    if (part > 0) taken.push({ ...lot, points: part });
    lot.points -= part;
    left -= part;
  }
  return taken;
}

const sum = (lots: readonly Lot[]): number => lots.reduce((all, { points }) => all + points, 0);

/** What should happen, in as few words as possible. */
class Model {
  day = 0;
  readonly own: Lot[][] = MEMBERS.map(() => []);
  readonly pool: Lot[] = [];
  /** Where each is: in the household, out of it, or never there. */
  readonly state: ('never' | 'in' | 'out')[] = MEMBERS.map(() => 'never');
  readonly contributed = MEMBERS.map(() => 0);
  readonly givenBack = MEMBERS.map(() => 0);
  private readonly givesBack: boolean;

  constructor(givesBack: boolean) {
    this.givesBack = givesBack;
  }

  wait(days: number): void {
    this.day += days;
    for (const lots of [...this.own, this.pool])
      for (const lot of lots) if (lot.day <= this.day) lot.points = 0;
  }

  contribute(who: number, points: number): string {
    const own = this.own[who] as Lot[];
    if (this.state[who] !== 'in') return 'household_member_not_found';
    if (sum(own) < points) return 'insufficient_balance';
    this.pool.push(...take(own, points).map(lot => ({ ...lot, giver: who })));
    this.contributed[who] = (this.contributed[who] ?? 0) + points;
    return 'done';
  }

  redeem(who: number, points: number, refund: boolean): string {
    if (this.state[who] !== 'in') return 'household_member_not_found';
    if (sum(this.pool) < points) return 'insufficient_balance';
    if (!refund) take(this.pool, points);
    return 'done';
  }

  join(who: number): string {
    if (this.state[who] === 'in') return 'known';
    if (this.state.filter(state => state === 'in').length >= MOST) return 'household_not_joinable';
    this.state[who] = 'in';
    return 'done';
  }

  leave(who: number): string {
    if (this.state[who] === 'never') return 'household_member_not_found';
    if (this.state[who] === 'out') return 'known';
    this.state[who] = 'out';
    if (!this.givesBack) return 'done';
    const back = this.pool.filter(lot => lot.giver === who && lot.points > 0);
    this.givenBack[who] = (this.givenBack[who] ?? 0) + sum(back);
    this.own[who]?.push(...back.map(lot => ({ ...lot })).toSorted((a, b) => a.day - b.day));
    for (const lot of back) lot.points = 0;
    return 'done';
  }

  /** What a member gave in all, has left in the pool, and got back; null for who was never in it. */
  shares(who: number): string | null {
    if (this.state[who] === 'never') return null;
    const left = sum(this.pool.filter(({ giver }) => giver === who));
    return `${this.contributed[who]} ${left} ${this.givenBack[who]}`;
  }
}

const doneOf = ({ status, body }: Reply): string =>
  status > 201
    ? `${(body as { code: string }).code}`
    : (body as { known?: boolean }).known === true
      ? 'known'
      : 'done';

let programs = 0;

async function live(givesBack: boolean, steps: readonly Step[]): Promise<void> {
  const program = `random-${++programs}`;
  await engine.publish(program, {
    currency: 'USD',
    units: { points: {} },
    clock: { test: at(0) },
    households: { on_leave: givesBack ? 'give_back' : 'keep', maximum_members: MOST },
  });
  for (const id of MEMBERS) await engine.post('/v1/members', program, { external_id: id });
  await engine.post('/v1/households', program, { external_id: 'home' });
  const model = new Model(givesBack);
  for (const [nr, step] of steps.entries()) {
    await carryOut(program, model, step, `${nr}`);
    await compare(program, model);
  }
}

async function carryOut(program: string, model: Model, step: Step, key: string): Promise<void> {
  const who = 'who' in step ? `ext:${MEMBERS[step.who]}` : '';
  const place = `/v1/households/ext:home/members/${who}`;
  if (step.do === 'wait') {
    model.wait(step.days);
    await engine.setClock(program, START + model.day * DAY);
  } else if (step.do === 'credit') {
    const day = model.day + step.days;
    model.own[step.who]?.push({ day, points: step.points, giver: step.who });
    const body = { external_id: key, points: String(step.points), reason: 'a test', expires_at: at(day) };
    assert.equal(doneOf(await engine.post(`/v1/members/${who}/adjustments`, program, body)), 'done');
  } else if (step.do === 'contribute') {
    const expected = model.contribute(step.who, step.points);
    const body = { external_id: key, from: who, to: 'ext:home', points: String(step.points) };
    assert.equal(doneOf(await engine.post('/v1/transfers', program, body)), expected);
  } else if (step.do === 'redeem') {
    const expected = model.redeem(step.who, step.points, step.refund);
    const points = String(step.points);
    const asked = { external_id: key, member: 'ext:home', by: who, points, capture: true };
    const answer = await engine.post<{ redemption: { id: string } }>('/v1/redemptions', program, asked);
    assert.equal(doneOf(answer), expected);
    if (expected !== 'done' || !step.refund) return;
    const refunds = `/v1/redemptions/${answer.body.redemption.id}/refunds`;
    assert.equal(doneOf(await engine.post(refunds, program, { external_id: key })), 'done');
  } else {
    const expected = step.do === 'join' ? model.join(step.who) : model.leave(step.who);
    const method = step.do === 'join' ? 'PUT' : 'DELETE';
    assert.equal(doneOf(await engine.call(method, place, { program })), expected);
  }
}

async function available(program: string, member: string): Promise<number> {
  const { body } = await engine.get<{ balances: { available: string }[] }>(
    `/v1/members/${member}/balances`,
    program,
  );
  return Number(body.balances[0]?.available);
}

interface Shown {
  members: {
    member: string;
    left_at: string | null;
    contributions: { contributed: string; left: string; given_back: string }[];
  }[];
}

async function compare(program: string, model: Model): Promise<void> {
  assert.equal(await available(program, 'ext:home'), sum(model.pool));
  const { body } = await engine.get<Shown>('/v1/households/ext:home', program);
  for (const [who, id] of MEMBERS.entries()) {
    assert.equal(await available(program, `ext:${id}`), sum(model.own[who] ?? []));
    const { body: member } = await engine.get<Json>(`/v1/members/ext:${id}`, program);
    const own = body.members.find(each => each.member === member['id']);
    const share = own?.contributions[0] ?? { contributed: '0', left: '0', given_back: '0' };
    const shown = own === undefined ? null : `${share.contributed} ${share.left} ${share.given_back}`;
    assert.equal(shown, model.shares(who), `${id} in ${JSON.stringify(body)}`);
    assert.equal(own?.left_at === null, model.state[who] === 'in');
  }
  await verified(engine);
}

const who = fc.nat(MEMBERS.length - 1);
const points = fc.integer({ min: 1, max: 60 });
const is = <T extends string>(name: T) => fc.constant(name);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: is('credit'), who, points, days: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: is('contribute'), who, points }) },
  { weight: 2, arbitrary: fc.record({ do: is('redeem'), who, points, refund: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: is('join'), who }) },
  { weight: 2, arbitrary: fc.record({ do: is('leave'), who }) },
  { weight: 1, arbitrary: fc.record({ do: is('wait'), days: fc.integer({ min: 1, max: 25 }) }) },
);

test('any sequence of contributions, redemptions, joins and leaves leaves the shares that a plain model has', async () => {
  await fc.assert(fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 8, maxLength: 25 }), live), {
    numRuns: Number(process.env['FEALTY_TRANSFER_RUNS'] ?? 8),
  });
  await invariants(engine);
});
