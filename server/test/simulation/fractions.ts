/** An exact fraction; the denominator is positive. Written for the model, so that it shares nothing with the engine. */
export type Fraction = readonly [numerator: bigint, denominator: bigint];

export const whole = (value: bigint): Fraction => [value, 1n];
export const add = ([a, b]: Fraction, [c, d]: Fraction): Fraction => [a * d + c * b, b * d];
export const multiply = ([a, b]: Fraction, [c, d]: Fraction): Fraction => [a * c, b * d];
export const isAbove = ([a, b]: Fraction, [c, d]: Fraction): boolean => a * d > c * b;

/** Fractions here are never below zero, so cutting off is rounding down. */
export const floor = ([a, b]: Fraction): bigint => a / b;
export const ceiling = ([a, b]: Fraction): bigint => (a + b - 1n) / b;
export const nearest = ([a, b]: Fraction): bigint => (2n * a + b) / (2n * b);

/** What is left above the whole part. */
export const rest = ([a, b]: Fraction): Fraction => [a % b, b];
