import fc from 'fast-check';
import type { Policy, Rounding, Rule } from './terms.ts';

/*
 * What the simulation may do next, as plain data without a name of anything: numbers that are taken modulo what there is
 * when the step is reached. So any step can follow any other, and fast-check can leave steps out when it shrinks.
 */

export interface LineDraft {
  category: number;
  quantity: number;
  amount: number;
}

/** A request to come. `pick` and `mode` choose, `size` (0 to 999) is a share in thousandths. */
export interface RequestDraft {
  kind: 'order' | 'amend' | 'return' | 'redeem' | 'change' | 'adjust' | 'repeat' | 'conflict' | 'stray';
  member: number;
  pick: number;
  mode: number;
  size: number;
  lines: LineDraft[];
  dry: boolean;
}

export type Step =
  | { do: 'request'; draft: RequestDraft }
  | { do: 'bulk'; rows: RequestDraft[]; dry: boolean }
  | { do: 'together'; member: number; drafts: RequestDraft[] }
  | { do: 'clock'; mode: number; size: number; sweep: boolean }
  | { do: 'sweep' }
  | { do: 'restart' }
  | { do: 'as of'; pick: number; mode: number; member: number }
  | { do: 'publish'; rules: Rule[] };

export interface Setup {
  policy: Policy;
  rounding: Rounding;
  rules: Rule[];
}

const thousandth = fc.nat(999);
const chance = (one: number) => fc.nat(one - 1).map(value => value === one - 1);

const line: fc.Arbitrary<LineDraft> = fc.record({
  category: fc.nat(3),
  quantity: fc.integer({ min: 1, max: 4 }),
  amount: fc.oneof(
    { weight: 6, arbitrary: fc.nat(30_000) },
    { weight: 2, arbitrary: fc.nat(199) },
    { weight: 1, arbitrary: fc.nat(2_000_000_000) },
  ),
});

const drafted = (kind: RequestDraft['kind']): fc.Arbitrary<RequestDraft> =>
  fc.record({
    kind: fc.constant(kind),
    member: fc.nat(2),
    pick: fc.nat(99),
    mode: fc.nat(99),
    size: thousandth,
    lines:
      kind === 'order' || kind === 'amend' ? fc.array(line, { minLength: 1, maxLength: 4 }) : fc.constant([]),
    dry: chance(6),
  });

const WEIGHTS: Readonly<Record<RequestDraft['kind'], number>> = {
  order: 14,
  amend: 8,
  return: 15,
  redeem: 14,
  change: 20,
  adjust: 6,
  repeat: 6,
  conflict: 5,
  stray: 3,
};
const weighted = (kinds: readonly RequestDraft['kind'][]) =>
  fc.oneof(...kinds.map(kind => ({ weight: WEIGHTS[kind], arbitrary: drafted(kind) })));
const request = weighted(Object.keys(WEIGHTS) as RequestDraft['kind'][]);
const row = weighted(['order', 'amend', 'repeat', 'conflict', 'stray']);

const fraction = fc
  .tuple(fc.integer({ min: 1, max: 30_000 }), fc.constant(10_000))
  .map(([a, b]): [bigint, bigint] => [BigInt(a), BigInt(b)]);
const sometimes = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 2 });

const rule = (id: string): fc.Arbitrary<Rule> =>
  fc.record({
    id: fc.constant(id),
    unit: fc.constantFrom('points', 'points', 'points', 'miles', 'nights'),
    gives: fc.oneof(
      { weight: 3, arbitrary: fraction.map(perUnit => ({ perUnit })) },
      { weight: 1, arbitrary: fc.nat(120).map(points => ({ fixed: BigInt(points) })) },
    ),
    categories: sometimes(fc.constantFrom(['shoes'], ['books'], ['shoes', 'food'])),
    channels: fc.oneof(
      { weight: 4, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constant(['app']) },
    ),
    pendingDays: sometimes(fc.constantFrom(3, 14, 14, 40)),
    expiresMonths: sometimes(fc.constantFrom(1, 3, 12, 12)),
  });

/** The first rule gives something for every order, so that the others find points to work with. */
const base: fc.Arbitrary<Rule> = fc.record({
  id: fc.constant('base'),
  unit: fc.constant('points'),
  gives: fraction.map(perUnit => ({ perUnit })),
  categories: fc.constant(null),
  channels: fc.constant(null),
  pendingDays: fc.constantFrom(null, null, null, 14),
  expiresMonths: fc.constantFrom(12, 12, 3, null),
});
const rules: fc.Arbitrary<Rule[]> = fc
  .tuple(base, fc.array(fc.nat(0), { maxLength: 4 }))
  .chain(([first, others]) =>
    fc.tuple(fc.constant(first), ...others.map((_, place) => rule(`rule-${place + 1}`))),
  );

export const setup: fc.Arbitrary<Setup> = fc.record({
  policy: fc.constantFrom('clamp_to_zero', 'clamp_to_zero', 'allow_negative', 'allow_negative', 'refuse'),
  rounding: fc.constantFrom('floor', 'floor', 'half_up', 'ceiling'),
  rules,
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 70, arbitrary: request.map((draft): Step => ({ do: 'request', draft })) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('bulk' as const),
      rows: fc.array(row, { minLength: 2, maxLength: 8 }),
      dry: chance(4),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('together' as const),
      member: fc.nat(2),
      drafts: fc.array(request, { minLength: 2, maxLength: 4 }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('clock' as const),
      mode: fc.nat(99),
      size: thousandth,
      sweep: chance(4),
    }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'sweep' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'restart' }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('as of' as const),
      pick: fc.nat(99),
      mode: fc.nat(9),
      member: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: rules.map((own): Step => ({ do: 'publish', rules: own })) },
);

/** A program and what happens to it; up to `longest` steps. */
export const story = (longest: number): fc.Arbitrary<{ setup: Setup; steps: Step[] }> =>
  fc.record({ setup, steps: fc.array(step, { minLength: 1, maxLength: longest, size: 'max' }) });
