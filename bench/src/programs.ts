import { measureJob, type Path } from './path.ts';
import { bulkStream, enrolIn, makeProgram, plainProgram, type Rig } from './rig.ts';

/*
 * What a program costs: the same orders in bulk under programs that have more and more to decide. Every order of the
 * load is one line of books from the web, 10.00 to 99.99 dollars.
 */

interface Campaign {
  readonly id: string;
  readonly if: string;
  readonly effect: { readonly multiply: string };
  readonly limit?: object;
  readonly cap?: object;
  readonly budget?: object;
}

const TIERS = {
  qualify_by: 'spend',
  window: { rolling: 'P12M' },
  levels: [
    { id: 'bronze', from: '0' },
    { id: 'silver', from: '200.00', multiplier: '1.25' },
    { id: 'gold', from: '500.00', multiplier: '1.5' },
  ],
};

/** Conditions that each order meets; two more are met by one half of the orders each. */
const MET = [
  "order.channel in ['web', 'app']",
  'order.total >= 1000',
  'order.quantity < 10',
  "order.lines.exists(l, l.category == 'books')",
  "order.currency == 'USD' && order.total > 500",
  "tier in ['bronze', 'silver', 'gold']",
  'order.lines.all(l, l.amount > 0)',
  "order.kind != 'hotel'",
  'order.total < 100000 || order.quantity > 3',
];
const HALVES = ['order.total >= 5500', 'order.total < 5500'];
const MISSED = [
  "order.kind == 'hotel' && order.total > 5000",
  "order.channel in ['store', 'phone']",
  "order.lines.exists(l, l.category == 'shoes')",
  "tier == 'gold' && order.total > 1000000",
  'order.quantity >= 10',
];
const CAMPAIGNS = 50;
const PLENTY = { points: '900000000000' };

/** Fifty campaigns of which ten are for each order. Of those the one of its half multiplies most, and counts. */
function campaigns(bounds: { limits: boolean; budgets: boolean }): Campaign[] {
  const met = MET.map(
    (condition, nr): Campaign => ({
      id: `met-${nr}`,
      if: condition,
      effect: { multiply: `1.${String(nr + 51)}` },
    }),
  );
  const halves = HALVES.map(
    (condition, nr): Campaign => ({
      id: `half-${nr}`,
      if: condition,
      effect: { multiply: nr === 0 ? '1.9' : '1.8' },
      ...(bounds.limits &&
        (nr === 0
          ? { limit: { per_member: 1_000, every: 'month' } }
          : { cap: { points: '1000000', per: 'month' } })),
      ...(bounds.budgets && { budget: PLENTY }),
    }),
  );
  const missed = Array.from(
    { length: CAMPAIGNS - met.length - halves.length },
    (_, nr): Campaign => ({
      id: `missed-${nr}`,
      if: MISSED[nr % MISSED.length] as string,
      effect: { multiply: '3' },
    }),
  );
  return [...met, ...halves, ...missed];
}

interface Variant {
  readonly name: string;
  readonly title: string;
  readonly adds: () => object;
  readonly floor?: Path['floor'];
  readonly aim?: Path['aim'];
}

export const PLAIN = 'program-plain';
export const WHOLE = 'program-everything';

const VARIANTS: readonly Variant[] = [
  { name: PLAIN, title: 'orders in bulk under one rule, as `bulk`, fewer members', adds: () => ({}) },
  {
    name: 'program-tiers',
    title: 'the same with three tiers by spend in twelve months',
    adds: () => ({ tiers: TIERS }),
  },
  {
    name: 'program-campaigns',
    title: 'the same with tiers and 50 campaigns, ten of them for each order',
    adds: () => ({ tiers: TIERS, campaigns: campaigns({ limits: false, budgets: false }) }),
  },
  {
    name: 'program-limits',
    title: 'the same, and the campaign that counts has a limit or a cap for each member',
    adds: () => ({ tiers: TIERS, campaigns: campaigns({ limits: true, budgets: false }) }),
  },
  {
    name: WHOLE,
    title: 'the same, and takes from one of two budgets',
    adds: () => ({ tiers: TIERS, campaigns: campaigns({ limits: true, budgets: true }) }),
    floor: { rate: 10_000 },
    aim: { rate: 20_000 },
  },
];

const MEMBERS = 50_000;
const made = new WeakMap<Rig, Set<string>>();

/** Publishes a variant and enrols its members when it is measured first. */
async function prepare(rig: Rig, { name, adds }: Variant): Promise<number> {
  const members = Math.min(rig.members, MEMBERS);
  const known = made.get(rig) ?? new Set();
  made.set(rig, known);
  if (!known.has(name)) {
    await makeProgram(rig.engine, name, { ...plainProgram(), ...adds() });
    await enrolIn(rig, name, members);
    known.add(name);
  }
  return members;
}

/** One path for each of them, measured like all others. */
export const PROGRAM_PATHS: readonly Path[] = VARIANTS.map(variant => ({
  name: variant.name,
  title: variant.title,
  ...(variant.floor && { floor: variant.floor }),
  ...(variant.aim && { aim: variant.aim }),
  async measure(rig, turn) {
    const members = await prepare(rig, variant);
    const stream = { ...bulkStream({ first: 0, count: members, choice: 'random' }), name: variant.name };
    return measureJob(rig, turn, variant.name, [stream], { program: variant.name });
  },
}));
