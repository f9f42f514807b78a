import type { Answered, Call, Command, Verdict } from './client.ts';
import { yearBefore } from './decisions.ts';
import { keyOf } from './events.ts';
import type { Bought, Operation } from './journal.ts';
import type { Random } from './random.ts';

interface Line {
  id: string;
  category: string;
  quantity: number;
  amount: string;
}

interface OrderBody {
  external_id: string;
  member: string;
  occurred_at: string;
  currency: string;
  channel: string;
  lines: Line[];
}

interface Order {
  key: string;
  id: string;
  member: string;
  revision: number;
  body: OrderBody;
}

/** Who orders, and whether it is this member's first order. */
interface Buyer {
  name: string;
  isFirst: boolean;
}

interface Redemption {
  id: string;
  member: string;
  points: number;
}

/** What a client does next, and what it learns from the verdicts for later steps. */
export interface Step {
  call: Call;
  learn(verdicts: readonly Verdict[]): void;
}

const HOT = 6;
/** How many members are new at a time, how many orders each of them makes, and the share that they have of all. */
const NEW = 6;
const ORDERS_OF_NEW = 20;
const SHARE_OF_NEW = 0.25;
/** Orders that stand before others of their member. */
const OUT_OF_TURN = 0.1;
/** How soon the first order of a member leaves the year that its tier is decided by, ms. */
const LEAVES_IN = [0, 4_000] as const;
/** How many orders, holds and redemptions are kept to go on with. */
const KEPT = 400;

/** Makes calls like those of a busy shop, a part of them about the same few members and the same orders and holds. */
export class Operations {
  readonly members: readonly string[];
  /** Answers that are wrong by themselves. */
  readonly wrong: string[] = [];
  readonly #prefix: string;
  readonly #orders: Order[] = [];
  readonly #held: Redemption[] = [];
  readonly #captured: Redemption[] = [];
  readonly #done: Call[] = [];
  /** Members who are new, and what they have ordered so far. */
  readonly #young: { name: string; orders: number }[] = [];
  #newcomers = 0;
  #count = 0;
  #kept = 0;

  constructor(options: { members: number; prefix: string }) {
    this.members = Array.from({ length: options.members }, (_, i) => `m${String(i).padStart(4, '0')}`);
    this.#prefix = options.prefix;
  }

  /** Enrols every member: one order each. */
  *enrolment(random: Random): Generator<Step> {
    for (let from = 0; from < this.members.length; from += 100)
      yield this.#bulk(
        random,
        this.members.slice(from, from + 100).map(name => ({ name, isFirst: true })),
      );
  }

  /** The next thing that a client does. */
  next(random: Random): Step {
    const choice = random.next();
    if (choice < 0.34) return this.order(random);
    if (choice < 0.44)
      return this.#bulk(
        random,
        Array.from({ length: random.between(2, 25) }, () => this.#buyer(random)),
      );
    if (choice < 0.57) return this.#redemption(random, random.chance(0.75));
    if (choice < 0.7) return this.#end(random);
    if (choice < 0.78) return this.#giveBack(random);
    if (choice < 0.84) return this.#refund(random);
    if (choice < 0.88) return this.#amend(random);
    if (choice < 0.95) return this.#adjust(random);
    return this.#again(random);
  }

  /** A decided call with the same keys and, where `altered`, another content: it must be refused with 409. */
  conflict(random: Random): Call | undefined {
    const order = this.#orders.length > 0 ? random.pick(this.#orders) : undefined;
    if (order === undefined) return undefined;
    const body = { ...order.body, channel: 'another' };
    return { commands: [], request: { method: 'POST', path: '/v1/orders', body }, allowed: new Set() };
  }

  // ---------------------------------------------------------------------------------------------------- orders

  order(random: Random): Step {
    const buyer = this.#buyer(random);
    const { name } = buyer;
    const body = this.#orderBody(random, buyer, this.#key());
    const call = this.#single(
      { ...commandOf('order', body.external_id, name, body), bought: boughtBy(body) },
      '/v1/orders',
      body,
    );
    return { call, learn: ([verdict]) => this.#learnOrder(call, name, body, verdict) };
  }

  #bulk(random: Random, buyers: readonly Buyer[]): Step {
    const bodies = buyers.map(buyer => this.#orderBody(random, buyer, this.#key()));
    const commands = bodies.map(
      (body, i): Command => ({
        ...commandOf('order', body.external_id, (buyers[i] as Buyer).name, body),
        bought: boughtBy(body),
      }),
    );
    const request = { method: 'POST', path: '/v1/orders/bulk', body: { orders: bodies } } as const;
    const call: Call = { commands, request, allowed: new Set() };
    const learn = (verdicts: readonly Verdict[]) => {
      for (const [i, verdict] of verdicts.entries()) {
        const body = bodies[i] as OrderBody;
        const command = commands[i] as Command;
        this.#learnOrder(this.#single(command, '/v1/orders', body), command.member, body, verdict);
      }
    };
    return { call, learn };
  }

  /** The first order of a member is a large one of a year ago, which soon counts no more; most others are of now. */
  #orderBody(random: Random, { name, isFirst }: Buyer, key: string): OrderBody {
    const categories = ['books', 'music', ...(isFirst ? [] : ['travel'])];
    const lines = Array.from(
      { length: random.between(1, 3) },
      (_, i): Line => ({
        id: String(i + 1),
        category: random.pick(categories),
        quantity: random.between(1, 4),
        amount: String(isFirst ? random.between(50_000, 150_000) : random.between(100, 20_000)),
      }),
    );
    const now = Date.now();
    const ago = random.chance(OUT_OF_TURN) ? random.between(0, 3_600_000) : 0;
    const at = isFirst ? yearBefore(now + random.between(...LEAVES_IN)) : now - ago;
    return {
      external_id: key,
      member: `ext:${name}`,
      occurred_at: new Date(at).toISOString(),
      currency: 'USD',
      channel: random.pick(['app', 'web']),
      lines,
    };
  }

  #learnOrder(call: Call, member: string, body: OrderBody, verdict: Verdict | undefined): void {
    if (!verdict?.ok) return;
    const { id } = verdict.body.order as { id: string };
    this.#keep(this.#orders, { key: body.external_id, id, member, revision: 1, body });
    this.#keep(this.#done, call);
  }

  /** A higher revision of an order: the difference is posted. A number that was refused is not used again. */
  #amend(random: Random): Step {
    const order = take(this.#orders, random);
    if (order === undefined) return this.order(random);
    const revision = order.revision + 1;
    const lines = order.body.lines.map(line => ({ ...line, amount: String(random.between(100, 20_000)) }));
    const body = { ...order.body, revision, lines };
    const key = keyOf(order.key, revision);
    const call = this.#single(
      { ...commandOf('amendment', key, order.member, body), bought: boughtBy(body) },
      '/v1/orders',
      body,
    );
    const learn = ([verdict]: readonly Verdict[]) =>
      this.#keep(this.#orders, verdict?.ok ? { ...order, revision, body } : { ...order, revision });
    return {
      call: { ...call, allowed: new Set(['returned_line_changed', 'order_cancelled', 'revision_outdated']) },
      learn,
    };
  }

  /** A return of a line, of a part of one or of everything; sometimes a cancellation. */
  #giveBack(random: Random): Step {
    const order = this.#orders.length > 0 ? random.pick(this.#orders) : undefined;
    if (order === undefined) return this.order(random);
    const key = this.#key();
    const line = random.pick(order.body.lines);
    const how = random.next();
    const place = random.chance(0.5) ? order.id : `ext:${order.key}`;
    const part =
      how < 0.4
        ? { quantity: random.between(1, line.quantity) }
        : { amount: String(random.between(1, Number(line.amount))) };
    const body = {
      external_id: key,
      occurred_at: new Date().toISOString(),
      ...(how < 0.8 && { lines: [{ id: line.id, ...part }] }),
    };
    const path = `/v1/orders/${place}/${how > 0.95 ? 'cancel' : 'returns'}`;
    const call = this.#single(commandOf('return', key, order.member, body), path, body, [
      'return_exceeds_order',
      'order_cancelled',
    ]);
    return { call, learn: ([verdict]) => verdict?.ok && this.#keep(this.#done, call) };
  }

  // ----------------------------------------------------------------------------------------------- redemptions

  #redemption(random: Random, hold: boolean): Step {
    const member = this.#member(random);
    const key = this.#key();
    const points = random.between(1, 300);
    const body = {
      external_id: key,
      member: `ext:${member}`,
      points: String(points),
      capture: !hold,
      // Some holds end while nobody looks: the sweep and the next touch race for them.
      ...(hold && { hold_for: random.chance(0.15) ? 'PT2S' : 'PT6H' }),
    };
    const command = commandOf(hold ? 'hold' : 'redeem', key, member, body);
    const call = this.#single(command, '/v1/redemptions', body, ['insufficient_balance']);
    const learn = ([verdict]: readonly Verdict[]) => {
      if (!verdict?.ok) return;
      this.#keep(hold ? this.#held : this.#captured, { id: redemptionOf(verdict.body), member, points });
      this.#keep(this.#done, call);
    };
    return { call, learn };
  }

  /** Captures or voids a hold, which now and then another client ends at the same time. */
  #end(random: Random): Step {
    const held =
      random.chance(0.3) && this.#held.length > 0 ? random.pick(this.#held) : take(this.#held, random);
    if (held === undefined) return this.#redemption(random, true);
    const operation = random.chance(0.6) ? 'capture' : 'void';
    const key = this.#key();
    const allowed = ['redemption_captured', 'redemption_voided', 'redemption_expired'];
    const path = `/v1/redemptions/${held.id}/${operation}`;
    const call = this.#single(commandOf(operation, key, held.member, path), path, undefined, allowed);
    const learn = ([verdict]: readonly Verdict[]) => {
      if (!verdict?.ok) return;
      if (operation === 'capture') this.#keep(this.#captured, held);
      this.#keep(this.#done, withKey);
    };
    const withKey: Call = { ...call, request: { ...call.request, headers: { 'idempotency-key': key } } };
    return { call: withKey, learn };
  }

  #refund(random: Random): Step {
    const captured =
      random.chance(0.5) && this.#captured.length > 0
        ? random.pick(this.#captured)
        : take(this.#captured, random);
    if (captured === undefined) return this.#redemption(random, false);
    const key = this.#key();
    const body = {
      external_id: key,
      ...(random.chance(0.6) && { points: String(random.between(1, captured.points)) }),
    };
    const path = `/v1/redemptions/${captured.id}/refunds`;
    const call = this.#single(commandOf('refund', key, captured.member, body), path, body, [
      'refund_exceeds_redemption',
      'redemption_not_captured',
    ]);
    return { call, learn: ([verdict]) => verdict?.ok && this.#keep(this.#done, call) };
  }

  // --------------------------------------------------------------------------------------------------- the rest

  #adjust(random: Random): Step {
    const member = this.#member(random);
    const key = this.#key();
    const points = random.chance(0.6) ? random.between(1, 500) : -random.between(1, 200);
    const body = { external_id: key, points: String(points), reason: 'fault test' };
    const path = `/v1/members/ext:${member}/adjustments`;
    const call = this.#single(commandOf('adjust', key, member, body), path, body, ['insufficient_balance']);
    return { call, learn: ([verdict]) => verdict?.ok && this.#keep(this.#done, call) };
  }

  /** Something that was acknowledged, once more: it must be answered as the first time. */
  #again(random: Random): Step {
    const call = this.#done.length > 0 ? random.pick(this.#done) : undefined;
    if (call === undefined) return this.order(random);
    const learn = ([verdict]: readonly Verdict[]) => {
      if (!verdict?.ok || !verdict.known)
        this.wrong.push(`${call.commands[0]?.key} was acknowledged and is not known any more`);
    };
    return { call: { ...call, allowed: new Set() }, learn };
  }

  #single(command: Command, path: string, body: unknown, allowed: readonly string[] = []): Call {
    return { commands: [command], request: { method: 'POST', path, body }, allowed: new Set(allowed) };
  }

  #member(random: Random): string {
    return random.chance(0.3)
      ? (this.members[random.between(0, HOT - 1)] as string)
      : random.pick(this.members);
  }

  /** Who makes the next order: often somebody who is new, so that every part of a member's life meets faults. */
  #buyer(random: Random): Buyer {
    if (!random.chance(SHARE_OF_NEW)) return { name: this.#member(random), isFirst: false };
    const place = random.between(0, NEW - 1);
    let young = this.#young[place];
    if (young === undefined || young.orders === ORDERS_OF_NEW) {
      this.#newcomers += 1;
      young = { name: `n${String(this.#newcomers).padStart(6, '0')}`, orders: 0 };
      this.#young[place] = young;
    }
    young.orders += 1;
    return { name: young.name, isFirst: young.orders === 1 };
  }

  #keep<T>(items: T[], item: T): void {
    this.#kept += 1;
    if (items.length < KEPT) items.push(item);
    else items[this.#kept % KEPT] = item;
  }

  #key(): string {
    this.#count += 1;
    return `${this.#prefix}-${this.#count}`;
  }
}

const commandOf = (operation: Operation, key: string, member: string, content: unknown): Command => ({
  key,
  operation,
  member,
  content,
});

const boughtBy = ({ occurred_at, channel, lines }: OrderBody): Bought => ({
  at: Date.parse(occurred_at),
  channel,
  lines: lines.map(({ id, amount }) => [id, amount]),
});

const redemptionOf = (body: Answered): string => (body.redemption as { id: string }).id;

function take<T>(items: T[], random: Random): T | undefined {
  if (items.length === 0) return undefined;
  const index = random.between(0, items.length - 1);
  const [item] = items.splice(index, 1);
  return item;
}
