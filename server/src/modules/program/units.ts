import type { Rational } from '#platform/money.ts';

/** What a program counts. `number` (0..63) is its own for ever within the program. */
export interface Unit {
  readonly name: string;
  readonly number: number;
  readonly redeemable: boolean;
  readonly qualifying: boolean;
  /** What one is worth in whole units of the program's currency (dollars, not cents); null: not redeemable as money. */
  readonly worth: Rational | null;
}
