import table from './iso4217.json' with { type: 'json' };

/*
 * ISO 4217, list one as published on 2026-01-01, and six codes withdrawn since 2018 (ANG, BGN, CUC, HRK,
 * SLL, ZWL), because orders of earlier years are imported too. Codes without a minor unit (gold, XDR, the
 * code for tests) are left out: nothing is paid in them.
 */
const EXPONENTS: ReadonlyMap<string, number> = new Map(Object.entries(table));

/**
 * How many decimals the currency's minor unit has (`USD` 2, `JPY` 0, `KWD` 3), or undefined where `code` is
 * not a currency of ISO 4217.
 */
export const minorUnitExponent = (code: string): number | undefined => EXPONENTS.get(code);

/** All codes, in alphabetical order. */
export const currencyCodes = (): string[] => [...EXPONENTS.keys()];
