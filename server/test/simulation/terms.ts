import type { Fraction } from './fractions.ts';

/** A rule of the simulated program, in the model's own words. */
export interface Rule {
  id: string;
  unit: string;
  /** Points for each whole unit of currency, or a fixed number for an order. */
  gives: { perUnit: Fraction } | { fixed: bigint };
  /** Null: all. */
  categories: readonly string[] | null;
  channels: readonly string[] | null;
  pendingDays: number | null;
  expiresMonths: number | null;
}

export type Policy = 'clamp_to_zero' | 'allow_negative' | 'refuse';
export type Rounding = 'floor' | 'half_up' | 'ceiling';

/** One version of the program. */
export interface Version {
  number: number;
  /** In force for what occurred at or after this instant, epoch ms; the first for everything before. */
  from: number;
  rounding: Rounding;
  policy: Policy;
  rules: Rule[];
}

export const START = Date.UTC(2026, 0, 31, 10);
export const DAY = 86_400_000;
export const CURRENCY = 'USD';
/** What a whole unit of the other currencies is in dollars. JPY has no cents and KWD has a thousandth. */
export const RATES: Readonly<Record<string, { rate: string; value: Fraction; decimals: number }>> = {
  USD: { rate: '1', value: [1n, 1n], decimals: 2 },
  EUR: { rate: '1.0857', value: [10857n, 10000n], decimals: 2 },
  JPY: { rate: '0.0067', value: [67n, 10000n], decimals: 0 },
  KWD: { rate: '3.25', value: [325n, 100n], decimals: 3 },
};
/** Points are redeemable at half a cent, miles at nothing, nights not at all. */
export const UNITS = ['points', 'miles', 'nights'] as const;

const decimal = ([numerator, denominator]: Fraction): string => {
  const text = String((numerator * 10_000n) / denominator).padStart(5, '0');
  return `${text.slice(0, -4)}.${text.slice(-4)}`;
};

/** The version as the document that a marketer would publish. */
export function documentOf(version: Version): object {
  const { USD: _, ...others } = RATES;
  return {
    currency: CURRENCY,
    currencies: Object.fromEntries(Object.entries(others).map(([code, { rate }]) => [code, { rate }])),
    clock: { test: new Date(START).toISOString() },
    units: { points: { worth: '0.005' }, miles: {}, nights: { redeemable: false, qualifying: true } },
    rounding: version.rounding,
    returns: { if_spent: version.policy },
    earning: version.rules.map(rule => ({
      id: rule.id,
      on: 'order',
      ...(rule.categories === null && rule.channels === null
        ? {}
        : {
            when: {
              ...(rule.categories === null ? {} : { category: rule.categories }),
              ...(rule.channels === null ? {} : { channel: rule.channels }),
            },
          }),
      earn:
        'fixed' in rule.gives
          ? { unit: rule.unit, fixed: String(rule.gives.fixed) }
          : { unit: rule.unit, per_currency_unit: decimal(rule.gives.perUnit) },
      ...(rule.pendingDays === null ? {} : { pending: { for: `P${rule.pendingDays}D` } }),
      ...(rule.expiresMonths === null ? {} : { expires: { after: `P${rule.expiresMonths}M` } }),
    })),
  };
}

/** `at` plus calendar months in UTC; a day that the month does not have becomes its last. */
export function addMonths(at: number, months: number): number {
  const date = new Date(at);
  const target = new Date(at);
  target.setUTCDate(1);
  target.setUTCMonth(target.getUTCMonth() + months);
  const days = new Date(Date.UTC(target.getUTCFullYear(), target.getUTCMonth() + 1, 0)).getUTCDate();
  target.setUTCDate(Math.min(date.getUTCDate(), days));
  return target.getTime();
}
