import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Json, Reply, TestEngine } from '../support/engine.ts';
import { programInvariants } from '../support/invariants.ts';
import { compareBalances } from './balances.ts';
import type { BulkAnswer, BulkResult, Exchange, Explained } from './exchange.ts';
import { show } from './exchange.ts';
import { balancesAt, carryOut, type Expected, type State, sweep } from './model.ts';
import type { OrderRequest, Request } from './requests.ts';
import { MEMBERS, resolve, type Scene } from './resolving.ts';
import type { RequestDraft, Setup, Step } from './steps.ts';
import type { Tally } from './tally.ts';
import { DAY, documentOf, START, type Version } from './terms.ts';
import { available, type Effect, held, nextInstant, pending } from './wallet.ts';
import { callOf, compared, type Known, orderBody } from './wire.ts';

interface Past {
  from: number;
  until: number;
  state: State;
}

/** How many past stretches are remembered for `as_of`, and after how many steps everything is compared with the tables. */
const REMEMBERED = 60;
const AUDIT_EVERY = 40;

/** One program on the engine beside one in the model. Each step is done on both and compared. */
export class Simulation {
  private readonly engine: TestEngine;
  private readonly program: string;
  private readonly tally: Tally;
  private readonly known: Known = {
    members: new Map(),
    orders: new Map(),
    redemptions: new Map(),
    lots: new Map(),
  };
  private readonly answers = new Map<string, Json>();
  private readonly accepted: Request[] = [];
  private readonly past: Past[] = [];
  private state: State;
  private numbers = 0;
  private steps = 0;

  constructor(engine: TestEngine, program: string, setup: Setup, tally: Tally) {
    this.engine = engine;
    this.program = program;
    this.tally = tally;
    const version: Version = { number: 1, from: Number.NEGATIVE_INFINITY, ...setup };
    this.state = {
      now: START,
      versions: [version],
      members: new Map(),
      orders: new Map(),
      redemptions: new Map(),
      keys: new Map(),
    };
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.engine.publish(this.program, documentOf(this.state.versions[0] as Version));
    for (const step of steps) {
      await this.step(step);
      await compareBalances(this.engine, this.program, this.state, this.steps);
      this.steps += 1;
      if (this.steps % AUDIT_EVERY === 0) await programInvariants(this.engine, this.program);
    }
    for (let place = 0; place < this.past.length; place += 1) await this.askPast(place, 9, place);
    await programInvariants(this.engine, this.program);
  }

  private step(step: Step): Promise<void> {
    switch (step.do) {
      case 'request':
        return this.request(step.draft);
      case 'bulk':
        return this.bulk(step.rows, step.dry);
      case 'together':
        return this.together(step.member, step.drafts);
      case 'clock':
        return this.clock(step.mode, step.size, step.sweep);
      case 'sweep':
        return this.sweep();
      case 'restart':
        this.tally.add('restart', 'done');
        return this.engine.restart();
      case 'as of':
        return this.askPast(step.pick, step.mode, step.member);
      case 'publish':
        return this.publish(step.rules);
    }
  }

  private scene(state: State, only?: string): Scene {
    return { state, accepted: this.accepted, only, next: () => (this.numbers += 1) };
  }

  private async send(request: Request, dryRun = false): Promise<Reply> {
    const { path, call } = callOf(request, this.known);
    return this.engine.call('POST', path, { ...call, program: this.program, dryRun });
  }

  private async request(draft: RequestDraft): Promise<void> {
    const request = resolve(draft, this.scene(this.state));
    if (draft.dry) {
      const reply = await this.send(request, true);
      const { state, expected } = carryOut(this.state, request);
      this.assertSame(request, state, expected, reply, true);
      this.tally.add(`dry run of ${request.kind}`, expected.outcome);
    }
    const reply = await this.send(request);
    const { state, expected } = carryOut(this.state, request);
    this.assertSame(request, state, expected, reply, false);
    this.adopt(request, state, expected, reply);
  }

  /** The wallets of a member as the model has them, by unit: what a write answers with. */
  private balancesOf(state: State, member: string): Map<string, object> {
    const wallets = [...(state.members.get(member)?.values() ?? [])];
    return new Map(
      wallets.map(wallet => [
        wallet.unit,
        {
          unit: wallet.unit,
          available: String(available(wallet)),
          pending: String(pending(wallet)),
          held: String(held(wallet)),
        },
      ]),
    );
  }

  private compare(state: State, expected: Expected, reply: Reply, dryRun: boolean) {
    return compared(
      expected,
      reply,
      dryRun,
      expected.outcome === 'new' ? this.balancesOf(state, expected.member) : new Map(),
      this.known.lots,
    );
  }

  private assertSame(
    request: Request,
    state: State,
    expected: Expected,
    reply: Reply,
    dryRun: boolean,
  ): void {
    const { actual, expected: wanted } = this.compare(state, expected, reply, dryRun);
    assert.deepEqual(
      actual,
      wanted,
      `${dryRun ? 'dry run of ' : ''}${show(request)} in ${this.program}: answered ${JSON.stringify(reply.body)}`,
    );
    if (expected.outcome === 'known') this.assertFirstAnswer(expected.key, request, reply);
  }

  /** A retry gets the first answer. */
  private assertFirstAnswer(key: string, request: Request, reply: Reply): void {
    assert.deepEqual(reply.body, { ...this.answers.get(key), known: true }, `${show(request)} again`);
  }

  /** Takes over what was answered. */
  private adopt(
    request: Request,
    state: State,
    expected: Expected,
    reply: Reply,
    kind: string = request.kind,
  ): void {
    this.tally.add(kind, expected.outcome === 'refused' ? expected.code : expected.outcome);
    this.state = state;
    if (expected.outcome !== 'new') return;
    this.countMovements(expected.effects);
    this.accepted.push(request);
    this.answers.set(expected.key, reply.body);
    const { order, redemption } = reply.body as {
      order?: { id: string; member: string };
      redemption?: { id: string };
    };
    if (request.kind === 'order' && order !== undefined) {
      this.known.orders.set(`${request.source} ${request.externalId}`, order.id);
      this.known.members.set(request.member, order.member);
    }
    if (request.kind === 'redeem' && redemption !== undefined)
      this.known.redemptions.set(request.externalId, redemption.id);
  }

  private countMovements(effects: readonly Effect[]): void {
    for (const { type, rule, opens, parts, points } of effects) {
      this.tally.add('moved', type);
      if (type === 'clawback' && rule === null) this.tally.add('moved', 'shortfall netted');
      if (type === 'clawback' && parts.reduce((sum, part) => sum + part.points, 0n) !== points)
        this.tally.add('moved', 'debt made');
      if (opens !== null && parts.some(part => part.points < 0n)) this.tally.add('moved', 'debt repaid');
    }
  }

  /** One call with orders of all kinds and members; each row sees those before it. */
  private async bulk(drafts: readonly RequestDraft[], dryRun: boolean): Promise<void> {
    const rows: { request: OrderRequest; state: State; expected: Expected }[] = [];
    let state = this.state;
    for (const draft of drafts) {
      const scene = this.scene(state);
      const drafted = resolve(draft, {
        ...scene,
        accepted: this.accepted.filter(own => own.kind === 'order'),
      });
      const request =
        drafted.kind === 'order' ? drafted : (resolve({ ...draft, kind: 'order' }, scene) as OrderRequest);
      const carried = carryOut(state, request);
      state = carried.state;
      rows.push({ request, ...carried });
    }
    const body = { orders: [...rows.map(({ request }) => orderBody(request)), { external_id: 'no order' }] };
    const call = { program: this.program, body };
    const { status, body: answer } = await this.engine.call<BulkAnswer>('POST', '/v1/orders/bulk', {
      ...call,
      dryRun,
    });
    assert.equal(status, 200, JSON.stringify(answer));
    assert.equal(answer.results.at(-1)?.problem?.['code'], 'invalid_request');
    const outcomes = rows.map(({ expected }) => expected.outcome);
    const count = (outcome: Expected['outcome']) => outcomes.filter(own => own === outcome).length;
    assert.deepEqual(
      [answer.created, answer.known, answer.refused],
      [count('new'), count('known'), count('refused') + 1],
    );
    if (dryRun) return this.tally.add('dry run of bulk', 'done');
    for (const [place, row] of rows.entries()) {
      const result = answer.results[place] as BulkResult;
      const reply = result.problem
        ? { status: Number(result.problem['status']), body: result.problem }
        : { status: result.status === 'created' ? 201 : 200, body: result.answer as Json };
      this.assertSame(row.request, row.state, row.expected, reply, false);
      this.adopt(row.request, row.state, row.expected, reply, 'row');
    }
    this.tally.add('bulk', 'done');
  }

  /**
   * Several requests of one member at once. Somebody else holds the member's wallets meanwhile, so that the engine
   * gathers them into one batch. Whatever order it takes them in, there must be one that explains all answers.
   */
  private async together(member: number, drafts: readonly RequestDraft[]): Promise<void> {
    const only = MEMBERS[member % MEMBERS.length] as string;
    const requests: Request[] = [];
    for (const draft of drafts) {
      const twin = requests.at(-1);
      requests.push(
        draft.kind === 'repeat' && twin !== undefined ? twin : resolve(draft, this.scene(this.state, only)),
      );
    }
    await this.engine.sql('begin');
    await this.engine.sql(
      `select 1 from ledger.wallets w join members.members m on m.id = w.wallet_id / 64 join program.programs p on p.id = m.program_id
       where p.name = $1 and m.external_id = $2 for update of w`,
      [this.program, only],
    );
    const sent = Promise.all(requests.map(request => this.send(request)));
    await this.gathered(requests.length);
    await this.engine.sql('rollback');
    const replies = await sent;
    const order = this.explain(
      this.state,
      requests.map((request, place) => ({ request, reply: replies[place] as Reply })),
      new Set(),
    );
    if (order === undefined) {
      const told = requests.map(
        (request, place) => `${show(request)}\n  answered ${JSON.stringify(replies[place]?.body)}`,
      );
      assert.fail(`no order of these requests explains their answers:\n${told.join('\n')}`);
    }
    for (const { request, reply, state, expected } of order) {
      if (expected.outcome === 'known') this.assertFirstAnswer(expected.key, request, reply);
      this.adopt(request, state, expected, reply, `${request.kind} together`);
    }
    this.tally.add('together', 'done');
  }

  /** Waits until the requests are in the lanes; those that are refused before never get there. */
  private async gathered(count: number): Promise<void> {
    for (let waited = 0; waited < 12; waited += 2) {
      await sleep(2);
      const metrics = await this.engine.engine.http.inject({ method: 'GET', url: '/metrics' });
      if (Number(/^fealty_lane_queue(?:\{[^}]*\})? (\d+)/m.exec(metrics.payload)?.[1] ?? 0) >= count) return;
    }
  }

  private explain(
    before: State,
    left: readonly Exchange[],
    firstAnswers: ReadonlySet<string>,
  ): Explained[] | undefined {
    if (left.length === 0) return [];
    for (const exchange of left) {
      const { state, expected } = carryOut(before, exchange.request);
      const { actual, expected: wanted } = this.compare(state, expected, exchange.reply, false);
      if (!isDeepStrictEqual(actual, wanted)) continue;
      const others = this.explain(
        state,
        left.filter(other => other !== exchange),
        firstAnswers,
      );
      if (others !== undefined) return [{ ...exchange, state, expected }, ...others];
    }
    return undefined;
  }

  /** Steps forward: by a little, by a lot, and to the very instant at which something falls due, a moment before or after. */
  private async clock(mode: number, size: number, sweeps: boolean): Promise<void> {
    const { state } = this;
    const dues = [...state.members.values()]
      .flatMap(own => [...own.values()].flatMap(wallet => nextInstant(wallet) ?? []))
      .filter(at => at > state.now);
    const due = dues.length === 0 ? undefined : Math.min(...dues);
    const steps = [
      1,
      60_000,
      16 * 60_000,
      3_600_000 + size,
      DAY,
      3 * DAY,
      14 * DAY,
      31 * DAY + size,
      92 * DAY,
      366 * DAY,
    ];
    let now = state.now + (steps[size % steps.length] as number);
    if (due !== undefined && mode < 60) now = Math.max(state.now, due + ((mode % 3) - 1));
    await this.engine.setClock(this.program, now);
    if (now > state.now) this.past.push({ from: state.now, until: now, state });
    if (this.past.length > REMEMBERED) this.past.shift();
    this.state = { ...state, now };
    this.tally.add('clock', 'done');
    if (sweeps) await this.sweep();
  }

  private async sweep(): Promise<void> {
    const { state, report } = sweep(this.state);
    const { status, body } = await this.engine.call('POST', `/v1/programs/${this.program}/sweep`);
    const without0 = (sums: unknown) =>
      Object.fromEntries(
        Object.entries(sums as Record<string, string>).filter(([, points]) => points !== '0'),
      );
    const { wallets, entries, expired, activated, released } = body;
    assert.deepEqual(
      {
        status,
        wallets,
        entries,
        expired: without0(expired),
        activated: without0(activated),
        released: without0(released),
      },
      { status: 200, ...report },
      `the sweep of ${this.program}`,
    );
    this.state = state;
    this.tally.add('sweep', 'done');
  }

  private async publish(rules: Version['rules']): Promise<void> {
    const latest = this.state.versions.at(-1) as Version;
    const version: Version = { ...latest, number: latest.number + 1, from: this.state.now, rules };
    const { version: made } = await this.engine.publish(this.program, documentOf(version));
    if (made === version.number) this.state = { ...this.state, versions: [...this.state.versions, version] };
    this.tally.add('publish', 'done');
  }

  /** What is answered about the past is what was true then, whatever has happened since. */
  private async askPast(pick: number, mode: number, memberPick: number): Promise<void> {
    const past = this.past[pick % Math.max(this.past.length, 1)];
    const member = MEMBERS[memberPick % MEMBERS.length] as string;
    if (past === undefined || !this.state.members.has(member)) return;
    const span = past.until - 1 - past.from;
    const at =
      past.from + [0, span, Math.floor(span / 2), 0, Math.floor(span / 3), span, 1, 0, span, 0][mode % 10]!;
    const asked = Math.min(at, past.until - 1);
    const { status, body } = await this.engine.get(
      `/v1/members/ext:${member}/balances?expiring=true&as_of=${new Date(asked).toISOString()}`,
      this.program,
    );
    assert.deepEqual(
      { status, as_of: body['as_of'], balances: body['balances'] },
      { status: 200, as_of: new Date(asked).toISOString(), balances: balancesAt(past.state, member, asked) },
      `${member} in ${this.program} as of ${new Date(asked).toISOString()}`,
    );
    this.tally.add('as of', 'done');
  }
}
