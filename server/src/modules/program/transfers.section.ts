import { z } from 'zod';
import { compare, floorDiv, parseDecimal, type Rational } from '#platform/money.ts';
import { decimal, settings } from './fields.ts';
import type { Mistake } from './mistake.ts';

const MOST_TIMES = 1_000;

const wholePoints = (example: string, meaning: string) =>
  z
    .string({ error: `Write the number of points as text in quotes, for example "${example}".` })
    .regex(/^[1-9]\d{0,14}$/, { error: `Write a whole number of at least 1, for example "${example}".` })
    .describe(meaning);

const limit = (name: string, who: string) =>
  settings(`"${name}"`, {
    points: wholePoints('10000', `The most points of a unit that a member ${who} in each period.`).optional(),
    times: z
      .int({ error: 'Write a whole number, for example 5.' })
      .min(1, { error: 'Write at least 1.' })
      .max(MOST_TIMES, { error: `Write at most ${MOST_TIMES}.` })
      .describe(`How often a member ${who} points of a unit in each period.`)
      .optional(),
    every: z
      .enum(['day', 'week', 'month', 'year', 'ever'], {
        error: 'Write "day", "week", "month", "year" or "ever".',
      })
      .describe(
        "Per calendar day, week (from Monday), month or year of the program's time zone, or once for all. Default: month.",
      )
      .optional(),
  })
    .describe(`How much a member ${who}. Default: no limit.`)
    .optional();

const fee = z
  .union(
    [
      settings('"fee"', { points: wholePoints('50', 'So many points for each transfer.') }),
      settings('"fee"', {
        percent: decimal(
          '5',
          'Per cent of the points that are transferred, more than 0 and at most 100, rounded down.',
        ),
      }),
    ],
    { error: 'Write { "points": "50" } or { "percent": "5" }.' },
  )
  .describe('What the sender pays beside the points that arrive, in the same unit. Default: nothing.');

export const transfers = settings('"transfers"', {
  allowed: z
    .boolean({ error: 'Write true or false.' })
    .describe('Whether members can give points to each other: of every unit that they can spend.'),
  minimum: wholePoints('100', 'The fewest points of one transfer. Default: 1.').optional(),
  maximum: wholePoints('5000', 'The most points of one transfer. Default: no limit.').optional(),
  send: limit('send', 'gives away'),
  receive: limit('receive', 'is given'),
  fee: fee.optional(),
}).describe(
  'Transfers of points from member to member. What arrives keeps the dates of expiry that it had. Default: not allowed.',
);

type Document = z.infer<typeof transfers>;

/** How much a member may give away, or be given, in each period. */
export interface TransferLimit {
  readonly points: bigint | null;
  readonly times: number | null;
  readonly every: NonNullable<NonNullable<Document['send']>['every']>;
}

/** What a program says about transfers. */
export interface Transfers {
  /** `transfers@version`, as entries cite it. */
  readonly ref: string;
  readonly minimum: bigint;
  readonly maximum: bigint | null;
  readonly send: TransferLimit | null;
  readonly receive: TransferLimit | null;
  /** What a transfer of so many points costs its sender. */
  fee(points: bigint): bigint;
}

/** Null where members cannot give each other points. */
export function compileTransfers(document: Document | undefined, version: number): Transfers | null {
  if (document?.allowed !== true) return null;
  const { minimum = '1', maximum } = document;
  return {
    ref: `transfers@${version}`,
    minimum: BigInt(minimum),
    maximum: maximum === undefined ? null : BigInt(maximum),
    send: compileLimit(document.send),
    receive: compileLimit(document.receive),
    fee: compileFee(document.fee),
  };
}

const compileLimit = (document: Document['send']): TransferLimit | null =>
  document === undefined
    ? null
    : {
        points: document.points === undefined ? null : BigInt(document.points),
        times: document.times ?? null,
        every: document.every ?? 'month',
      };

const HUNDRED: Rational = { num: 100n, den: 1n };

function compileFee(document: Document['fee']): Transfers['fee'] {
  if (document === undefined) return () => 0n;
  if ('points' in document) {
    const points = BigInt(document.points);
    return () => points;
  }
  const { num, den } = parseDecimal(document.percent) as Rational;
  return points => floorDiv(points * num, den * HUNDRED.num);
}

/** What is wrong with transfers beyond the form of their settings. */
export function* mistakesInTransfers(section: Document | undefined): Generator<Mistake> {
  if (section === undefined) return;
  const { minimum = '1', maximum, send, receive, fee: price } = section;
  if (maximum !== undefined && BigInt(maximum) < BigInt(minimum))
    yield {
      pointer: '/transfers/maximum',
      message: `A transfer is of at least ${minimum} and at most ${maximum} points, so none is possible. Write at least ${minimum}.`,
    };
  for (const [name, own] of Object.entries({ send, receive })) {
    if (own === undefined) continue;
    const at = `/transfers/${name}`;
    if (own.points === undefined && own.times === undefined)
      yield { pointer: at, message: 'Say how much: write "points", "times" or both.' };
    if (own.points !== undefined && BigInt(own.points) < BigInt(minimum))
      yield {
        pointer: `${at}/points`,
        message: `A transfer is of at least ${minimum} points, so a limit of ${own.points} allows none. Write at least ${minimum}.`,
      };
  }
  if (price === undefined || !('percent' in price)) return;
  const percent = parseDecimal(price.percent) as Rational;
  if (percent.num === 0n || compare(percent, HUNDRED) > 0)
    yield { pointer: '/transfers/fee/percent', message: 'Write more than 0 and at most 100 per cent.' };
}
