import { usageFailure } from './failure.ts';

/** A number as typed behind an option. Throws a Failure with the usage exit code that says what the option takes. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usageFailure(`${option} takes a whole number from ${least} to ${most}, not ${text}.`);
}
