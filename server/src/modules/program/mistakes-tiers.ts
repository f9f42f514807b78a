import { minorUnitExponent } from '#platform/currency.ts';
import { compare, parseDecimal, type Rational } from '#platform/money.ts';
import type { ProgramDocument } from './document.ts';
import { type Mistake, mistakeInAmount, mistakeInDuration, mistakeInMultiplier } from './mistake.ts';

type Tiers = NonNullable<ProgramDocument['tiers']>;

/** What is wrong with the tiers of a document that has the right form. */
export function* mistakesInTiers(document: ProgramDocument): Generator<Mistake> {
  const { tiers } = document;
  if (tiers === undefined) return;
  if (typeof tiers.window === 'object')
    yield* mistakeInDuration('/tiers/window/rolling', tiers.window.rolling);
  yield* mistakesInYears(tiers);
  yield* mistakesInNotice(tiers);
  if (tiers.qualify_by === 'points' && !Object.values(document.units).some(unit => unit.qualifying))
    yield {
      pointer: '/tiers/qualify_by',
      message: `No unit counts towards a tier. Write "qualifying": true at the unit whose points do, or qualify by something else.`,
    };
  yield* mistakesInLevels(tiers.levels);
  for (const [index, level] of tiers.levels.entries()) {
    const at = `/tiers/levels/${index}`;
    yield* mistakeInMultiplier(`${at}/multiplier`, level.multiplier);
    if (level.from !== undefined) yield* mistakeInFrom(`${at}/from`, level.from, tiers, document.currency);
  }
}

/** What only a window of years has. */
function* mistakesInYears({ window, grace, downgrade }: Tiers): Generator<Mistake> {
  yield* mistakeInDuration('/tiers/grace', grace);
  if (window === 'calendar_year' || window === 'member_year') return;
  const how =
    window === 'lifetime'
      ? 'over a lifetime a member never falls'
      : 'in a rolling window a member falls at the instant at which the sum does';
  if (grace !== undefined)
    yield {
      pointer: '/tiers/grace',
      message: `"grace" follows the end of a year, but ${how}. Leave it out, or write "calendar_year" or "member_year" as window.`,
    };
  if (downgrade !== undefined)
    yield {
      pointer: '/tiers/downgrade',
      message: `"downgrade" says what happens at the end of a year, but ${how}. Leave it out, or write "calendar_year" or "member_year" as window.`,
    };
}

function* mistakesInNotice({ window, notice = [] }: Tiers): Generator<Mistake> {
  for (const [index, before] of notice.entries()) {
    const at = `/tiers/notice/${index}`;
    yield* mistakeInDuration(at, before);
    const earlier = notice.indexOf(before);
    if (earlier < index)
      yield { pointer: at, message: `Notice ${earlier + 1} is "${before}" too. Name each length once.` };
  }
  if (notice.length > 0 && window === 'lifetime')
    yield {
      pointer: '/tiers/notice',
      message: `"notice" tells of a fall to come, but over a lifetime a member never falls. Leave it out, or write another window.`,
    };
}

function* mistakesInLevels(levels: Tiers['levels']): Generator<Mistake> {
  const [first] = levels;
  if (first?.from === undefined)
    yield {
      pointer: '/tiers/levels/0',
      message: `The first level is the one that everybody has, so it cannot be by invitation only. Give it "from": "0".`,
    };
  else if (/[1-9]/.test(first.from))
    yield {
      pointer: '/tiers/levels/0/from',
      message: `The first level begins at "0", so that every member has a level; it says "${first.from}".`,
    };
  let below: { id: string; from: string; exact: Rational } | undefined;
  for (const [index, { id, from }] of levels.entries()) {
    if (from === undefined) continue;
    const exact = parseDecimal(from) as Rational;
    if (below !== undefined && compare(exact, below.exact) <= 0)
      yield {
        pointer: `/tiers/levels/${index}/from`,
        message: `The levels overlap: "${id}" begins at ${from}, but "${below.id}" before it at ${below.from}. Write them lowest first, each with a higher "from".`,
      };
    below = { id, from, exact };
  }
}

function* mistakeInFrom(
  at: string,
  from: string,
  { qualify_by }: Tiers,
  currency: string,
): Generator<Mistake> {
  if (qualify_by === 'spend') {
    const exponent = minorUnitExponent(currency);
    if (exponent !== undefined) yield* mistakeInAmount(at, from, currency, exponent);
  } else if (/\.0*[1-9]/.test(from))
    yield { pointer: at, message: `There is no part of ${qualify_by}: write a whole number, not "${from}".` };
}
