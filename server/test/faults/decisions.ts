/*
 * What has to come of each order under the program `RICH`, by what had been booked of its member before: once more, in other
 * words than the engine's, and from orders and returns alone. Ids are made under the locks of a member, so that their
 * order is the order of its decisions.
 */

/** A revision of an order, as stored. */
export interface OrderRow {
  /** As the journal names it. */
  key: string;
  order: string;
  decision: bigint;
  member: string;
  at: number;
  channel: string;
  lines: readonly (readonly [id: string, amount: bigint])[];
  /** The tier and the multipliers and campaigns that it was decided by, and the points that it gave. */
  tier: string | null;
  applied: readonly string[];
  points: bigint;
}

/** A return, as stored, with what of its lines had come back in all after it. */
export interface ReturnRow {
  order: string;
  decision: bigint;
  at: number;
  back: readonly (readonly [line: string, part: Part])[];
}

/** How often a campaign counted for a member in a month, and with how many points: the sum of what is stored. */
export interface UsesRow {
  member: string;
  campaign: string;
  month: string;
  count: number;
  points: bigint;
}

export interface Booked {
  orders: readonly OrderRow[];
  returns: readonly ReturnRow[];
  uses: readonly UsesRow[];
}

interface Part {
  num: bigint;
  den: bigint;
}

/** The lowest spend of a level, cents, and how many per cent of the points it gives. */
const LEVELS = [
  { id: 'gold', from: 300_000n, percent: 150n },
  { id: 'silver', from: 100_000n, percent: 125n },
  { id: 'bronze', from: 0n, percent: 100n },
] as const;
const NO_LEVEL = { id: null, percent: 100n } as const;
const APP_POINTS = 10n;
const LIMITED = [
  { id: 'welcome', points: 25n, limit: 2, isFor: () => true },
  { id: 'regular', points: 7n, limit: 7, isFor: ({ channel }: OrderRow) => channel === 'app' },
];
const MONTHLY = { id: 'monthly', points: 30n, cap: 100n };
const LARGE = { id: 'large', from: 30_000n, percent: 200n };

/** A year before that instant, UTC: where the window of a tier begins. On February 29 all of that day has left it. */
export function yearBefore(at: number): number {
  const date = new Date(at);
  date.setUTCFullYear(date.getUTCFullYear() - 1);
  return date.getUTCDate() === new Date(at).getUTCDate() ? date.getTime() : date.setUTCHours(0, 0, 0, -1);
}

const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7);

/** An order with everything that has happened to it. */
interface State {
  row: OrderRow;
  tier: (typeof LEVELS)[number] | typeof NO_LEVEL;
  back: Map<string, Part>;
  /** What campaigns gave it, returns left aside. */
  given: Map<string, bigint>;
  points: bigint;
}

/** Everything that has been booked of a member up to some decision. */
class Member {
  readonly uses = new Map<string, { count: number; points: bigint }>();
  /** What was bought and came back: when, and since when that is known. */
  readonly #spend: { at: number; known: number; cents: bigint }[] = [];
  readonly #orders = new Map<string, State>();
  readonly #isRich: boolean;

  constructor(isRich: boolean) {
    this.#isRich = isRich;
  }

  /** Takes an order or a revision of one; says what is wrong with it. */
  order(row: OrderRow): string | undefined {
    const before = this.#orders.get(row.order);
    const tier = before?.tier ?? this.#tierAt(row.at);
    const total = row.lines.reduce((sum, [, cents]) => sum + cents, 0n);
    const isLarge = this.#isRich && total >= LARGE.from;
    const given = this.#given(row, before);
    const fixed = [...given.values()].reduce((sum, points) => sum + points, 0n);
    const percent = (tier.percent * (isLarge ? LARGE.percent : 100n)) / 100n;
    const points = (total * percent) / 10_000n + (row.channel === 'app' ? APP_POINTS : 0n) + fixed;
    const now: State = { row, tier, back: before?.back ?? new Map(), given, points };
    this.#orders.set(row.order, now);
    this.#spend.push({ at: row.at, known: row.at, cents: kept(now) - (before ? kept(before) : 0n) });
    this.#use(before, -1);
    this.#use(now, 1);
    const applied = [
      ...(tier.percent === 100n ? [] : [tier.id]),
      ...(isLarge ? [LARGE.id] : []),
      ...given.keys(),
    ];
    // Of lines that came back before a revision a part of the difference is not given.
    const more = points - (before?.points ?? 0n);
    const wanted = show(tier.id, applied, now.back.size > 0 ? row.points : more);
    const got = show(row.tier, row.applied, row.points);
    return got === wanted ? undefined : `${row.key} of ${row.member} was decided by ${got}, not by ${wanted}`;
  }

  return({ order, at, back }: ReturnRow): void {
    const before = this.#orders.get(order);
    if (before === undefined) return;
    const now = { ...before, back: new Map([...before.back, ...back]) };
    this.#orders.set(order, now);
    const { row } = now;
    this.#spend.push({ at: row.at, known: Math.max(at, row.at), cents: kept(now) - kept(before) });
    this.#use(before, -1);
    this.#use(now, 1);
  }

  /** By what was bought within a year, less what had come back of it by then. */
  #tierAt(at: number): State['tier'] {
    if (!this.#isRich) return NO_LEVEL;
    let sum = 0n;
    for (const { at: bought, known, cents } of this.#spend)
      if (bought > yearBefore(at) && bought <= at && known <= at) sum += cents;
    return LEVELS.find(({ from }) => sum >= from) ?? NO_LEVEL;
  }

  /** What the campaigns give: one that a revision finds has counted already, the others within limit and cap. */
  #given(row: OrderRow, before: State | undefined): Map<string, bigint> {
    const given = new Map<string, bigint>();
    if (!this.#isRich) return given;
    for (const { id, points, limit, isFor } of LIMITED)
      if (isFor(row) && (before?.given.has(id) || this.#used(id, row.at).count < limit))
        given.set(id, points);
    if (row.lines.length > 1) return given;
    const left = MONTHLY.cap - this.#used(MONTHLY.id, row.at).points + (before ? monthly(before) : 0n);
    if (left > 0n) given.set(MONTHLY.id, left < MONTHLY.points ? left : MONTHLY.points);
    return given;
  }

  #used(campaign: string, at: number): { count: number; points: bigint } {
    const key = `${campaign} ${monthOf(at)}`;
    const known = this.uses.get(key) ?? { count: 0, points: 0n };
    this.uses.set(key, known);
    return known;
  }

  /** Counts the campaigns of an order, or (-1) takes them off: each once, unless all of the order has come back. */
  #use(state: State | undefined, times: 1 | -1): void {
    if (state === undefined) return;
    const isBack = state.row.lines.every(([id]) => part(state, id).num === part(state, id).den);
    for (const campaign of state.given.keys()) {
      const used = this.#used(campaign, state.row.at);
      if (!isBack) used.count += times;
      if (campaign === MONTHLY.id) used.points += BigInt(times) * monthly(state);
    }
  }
}

const part = ({ back }: State, line: string): Part => back.get(line) ?? { num: 0n, den: 1n };

/** What is left of the amount of an order, cents rounded down. */
function kept(state: State): bigint {
  let [num, den] = [0n, 1n];
  for (const [id, cents] of state.row.lines) {
    const back = part(state, id);
    num = num * back.den + cents * (back.den - back.num) * den;
    den *= back.den;
  }
  return num / den;
}

/** What is left of the points of `monthly`, of which an order has one line. */
function monthly(state: State): bigint {
  const points = state.given.get(MONTHLY.id) ?? 0n;
  const back = part(state, state.row.lines[0]?.[0] ?? '');
  return points - (points * back.num) / back.den;
}

const show = (tier: string | null, applied: readonly (string | null)[], points: bigint): string =>
  `${tier ?? 'no tier'} (${[...applied].sort().join(', ')}) for ${points} points`;

/** Decides everything again. Of each member the first mistake is told: what follows it follows from it. */
export function compareDecisions({ orders, returns, uses }: Booked, isRich: boolean): string[] {
  const wrong = new Map<string, string>();
  const members = new Map<string, Member>();
  const owners = new Map(orders.map(({ order, member }) => [order, member]));
  const inOrder = [...orders, ...returns].sort((a, b) => (a.decision < b.decision ? -1 : 1));
  for (const row of inOrder) {
    const name = owners.get(row.order) ?? '';
    const member = members.get(name) ?? new Member(isRich);
    members.set(name, member);
    const mistake = 'back' in row ? member.return(row) : member.order(row);
    if (mistake !== undefined && !wrong.has(name)) wrong.set(name, mistake);
  }
  const stored = new Map(uses.map(row => [`${row.member} ${row.campaign} ${row.month}`, row]));
  for (const [name, member] of members)
    for (const [key, wanted] of member.uses) {
      const { count, points } = stored.get(`${name} ${key}`) ?? { count: 0, points: 0n };
      stored.delete(`${name} ${key}`);
      const isSame = count === wanted.count && (!key.startsWith(MONTHLY.id) || points === wanted.points);
      if (!isSame && !wrong.has(name))
        wrong.set(
          name,
          `${name}: ${key} is counted as ${count} and ${points}, not ${wanted.count} and ${wanted.points}`,
        );
    }
  for (const [key, { count }] of stored)
    if (count !== 0) wrong.set(key, `${key} is counted as ${count} without an order`);
  return [...wrong.values()];
}
