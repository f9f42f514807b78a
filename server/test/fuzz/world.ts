// biome-ignore lint/suspicious/noExplicitAny: answers, looked at for ids
type Any = any;

export interface KnownOrder {
  program: string;
  id: string;
  externalId: string;
  source: string;
  lines: { id: string; quantity: number; amount: string }[];
}

export interface KnownRedemption {
  program: string;
  id: string;
}

/** The most that is remembered of each kind: what was made last, so that requests meet things in every state. */
const MOST = 40;

/** What exists, as far as answers have told: what a request can be about. Programs each have their own. */
export class World {
  /** The program that the request being made is for. */
  program = '';
  /** The order that the request being made is about. */
  order: KnownOrder | undefined;
  /** Counts requests, so that each has ids of its own. */
  serial = 0;
  /** Where the clock of the test program stands, epoch ms. */
  clock: number;
  readonly members = new Map<string, string[]>();
  readonly orders: KnownOrder[] = [];
  readonly held: KnownRedemption[] = [];
  readonly captured: KnownRedemption[] = [];
  /** What somebody has to hand over. */
  readonly pending: KnownRedemption[] = [];
  readonly entries: { program: string; id: string }[] = [];
  readonly activities: { program: string; id: string }[] = [];
  readonly referrals: { program: string; id: string }[] = [];
  readonly transfers: { program: string; id: string }[] = [];
  readonly backtests: { program: string; id: string }[] = [];
  readonly rerates: { program: string; id: string }[] = [];
  readonly cases: { program: string; id: string }[] = [];
  readonly grants: { program: string; id: string; member: string }[] = [];
  /** Badges by hand that nobody has withdrawn. */
  readonly awards: { program: string; id: string; member: string }[] = [];
  readonly vouchers: { program: string; id: string; member: string }[] = [];
  readonly keys: string[] = [];
  /** Cursors, by the operation that gave them. */
  readonly cursors = new Map<string, string[]>();
  /** Business keys that were used, so that some are sent again. */
  readonly used: string[] = [];

  constructor(clock: number) {
    this.clock = clock;
  }

  /** One of those that belong to the present program. */
  own<T extends { program: string }>(pool: readonly T[], place: number): T | undefined {
    const own = pool.filter(one => one.program === this.program);
    return own[place % Math.max(1, own.length)];
  }

  add<T>(pool: T[], thing: T): void {
    pool.push(thing);
    if (pool.length > MOST * 3) pool.splice(0, pool.length - MOST * 2);
  }

  remove(pool: KnownRedemption[], id: string): void {
    const place = pool.findIndex(one => one.id === id);
    if (place >= 0) pool.splice(place, 1);
  }

  /** Learns from a request that was taken, and its answer. */
  learn(operation: string, program: string, path: string, request: Any, answer: Any, isDry: boolean): void {
    if (answer?.next) this.add(this.list(this.cursors, operation), answer.next);
    if (isDry || typeof answer !== 'object' || answer === null) return;
    for (const effect of answer.effects ?? []) this.add(this.entries, { program, id: effect.entry });
    if (operation === 'createOrder') this.learnOrder(program, request, answer);
    if (operation === 'createOrders')
      for (const { row, answer: own } of answer.results)
        if (own !== undefined) this.learnOrder(program, request.orders[row], own);
    if (operation === 'createActivity') this.add(this.activities, { program, id: answer.activity.id });
    if (operation === 'createReferral') this.add(this.referrals, { program, id: answer.referral.id });
    if (operation === 'createTransfer') this.add(this.transfers, { program, id: answer.transfer.id });
    if (operation === 'createBacktest') this.add(this.backtests, { program, id: answer.id });
    if (operation === 'createRerate') this.add(this.rerates, { program, id: answer.id });
    if (operation === 'listCases') for (const { id } of answer.data) this.add(this.cases, { program, id });
    if (operation === 'listGiftVouchers')
      for (const { id, member, state } of answer.data)
        if (state === 'issued' || state === 'revealed') this.add(this.vouchers, { program, id, member });
    if (operation === 'grantTier')
      this.add(this.grants, { program, id: answer.grant.id, member: answer.grant.member });
    if (operation === 'listBadgeAwards')
      for (const { id, member, withdrawal } of answer.data)
        if (withdrawal === null) this.add(this.awards, { program, id, member });
    if (operation === 'createMember') this.add(this.list(this.members, program), answer.id);
    if (operation === 'createKey') this.add(this.keys, answer.id);
    if (operation === 'setProgramClock') this.clock = Date.parse(answer.clock.now);
    const redemption = answer.redemption;
    if (redemption !== undefined) {
      if (redemption.state === 'held') this.add(this.held, { program, id: redemption.id });
      else this.remove(this.held, redemption.id);
      if (redemption.reward?.fulfilment === 'pending') this.add(this.pending, { program, id: redemption.id });
      else this.remove(this.pending, redemption.id);
      if (redemption.refunded === redemption.points) this.remove(this.captured, redemption.id);
      else if (redemption.state === 'captured' && !path.endsWith('/refunds'))
        this.add(this.captured, { program, id: redemption.id });
    }
    const key = request?.external_id;
    if (typeof key === 'string') this.add(this.used, key);
  }

  private learnOrder(program: string, request: Any, { order }: Any): void {
    const lines = request.lines.map((line: Any) => ({ quantity: 1, ...line }));
    this.add(this.orders, {
      program,
      id: order.id,
      externalId: order.external_id,
      source: order.source,
      lines,
    });
    this.add(this.list(this.members, program), request.member);
  }

  private list(map: Map<string, string[]>, name: string): string[] {
    const found = map.get(name) ?? [];
    map.set(name, found);
    return found;
  }
}
