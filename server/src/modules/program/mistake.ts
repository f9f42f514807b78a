import { compare, parseDecimal, type Rational } from '#platform/money.ts';
import { isTimeZone, parseDuration } from './calendar.ts';

/** One thing that is wrong with a document: where (JSON pointer) and, in a sentence, what. */
export interface Mistake {
  pointer: string;
  message: string;
}

export function* mistakeInDuration(at: string, text: string | undefined): Generator<Mistake> {
  if (text !== undefined && parseDuration(text) === undefined)
    yield {
      pointer: at,
      message: `"${text}" is not a duration of more than zero and at most 100 years. Write "P12M" for 12 months, "P30D" for 30 days, "PT15M" for 15 minutes.`,
    };
}

export function* mistakeInTimeZone(at: string, name: string | undefined): Generator<Mistake> {
  if (name !== undefined && !isTimeZone(name))
    yield {
      pointer: at,
      message: `"${name}" is not a time zone. Write its IANA name, for example "Europe/Paris".`,
    };
}

const MAX_MULTIPLIER: Rational = { num: 1_000n, den: 1n };

export function* mistakeInMultiplier(at: string, text: string | undefined): Generator<Mistake> {
  if (text === undefined) return;
  if (!/[1-9]/.test(text))
    yield { pointer: at, message: 'Points multiplied by 0 are none. Write a multiplier of more than 0.' };
  else if (compare(parseDecimal(text) as Rational, MAX_MULTIPLIER) > 0)
    yield {
      pointer: at,
      message: `A multiplier is at most ${MAX_MULTIPLIER.num}; "2" doubles the points, "1.25" gives a quarter more.`,
    };
}

/** As much as the highest multiplier adds. */
const MAX_PERCENT: Rational = { num: 99_900n, den: 1n };

export function* mistakeInPercent(at: string, text: string): Generator<Mistake> {
  if (!/[1-9]/.test(text))
    yield { pointer: at, message: '0 per cent of the points are none. Write more than 0.' };
  else if (compare(parseDecimal(text) as Rational, MAX_PERCENT) > 0)
    yield {
      pointer: at,
      message: `A campaign adds at most ${MAX_PERCENT.num} per cent; "12.5" adds an eighth, "100" as much again.`,
    };
}

/** More decimals than the currency's minor unit has, of an amount such as `500.00`. */
export function* mistakeInAmount(
  at: string,
  text: string,
  currency: string,
  exponent: number,
): Generator<Mistake> {
  const decimals = (text.split('.')[1] ?? '').replace(/0+$/, '').length;
  if (decimals > exponent)
    yield {
      pointer: at,
      message:
        exponent === 0
          ? `${currency} has no decimals, so write a whole number instead of "${text}".`
          : `${currency} has ${exponent} decimals, so "${text}" cannot be reached exactly. Write at most ${exponent}.`,
    };
}
