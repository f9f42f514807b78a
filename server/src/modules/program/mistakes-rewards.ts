import { minorUnitExponent } from '#platform/currency.ts';
import { compare, parseDecimal, type Rational } from '#platform/money.ts';
import type { ProgramDocument } from './document.ts';
import { type Mistake, mistakeInAmount, mistakeInDuration } from './mistake.ts';
import { mistakesInSegmentNames } from './mistakes-segments.ts';
import { pricesOf } from './rewards.model.ts';

type Reward = NonNullable<ProgramDocument['rewards']>[number];
const HUNDRED: Rational = { num: 100n, den: 1n };

/** What is wrong with the catalogue beyond the form of its rewards. */
export function* mistakesInRewards(document: ProgramDocument): Generator<Mistake> {
  for (const [index, reward] of (document.rewards ?? []).entries()) {
    const at = `/rewards/${index}`;
    yield* mistakesInCost(document, reward, at);
    yield* mistakesInGives(document, reward, at);
    yield* mistakesInNames(document, reward.audience, `${at}/audience`);
    const { from, until, minimum } = reward;
    if (from !== undefined && until !== undefined && Date.parse(until) <= Date.parse(from))
      yield {
        pointer: `${at}/until`,
        message: 'The reward ends before it begins. Write an instant after "from".',
      };
    if (minimum !== undefined)
      yield* mistakesInMoney(document, minimum.order_total, `${at}/minimum/order_total`, 'A minimum');
  }
}

function* mistakesInCost(document: ProgramDocument, { cost }: Reward, at: string): Generator<Mistake> {
  const prices = pricesOf(cost);
  const last = prices.findIndex(price => !names(price));
  for (const [index, price] of prices.entries()) {
    const { unit } = price;
    const place = Array.isArray(cost) ? `${at}/cost/${index}` : `${at}/cost`;
    const pointer = `${place}/unit`;
    if (!Object.hasOwn(document.units, unit)) yield unknownUnit(document, unit, pointer);
    else if (document.units[unit]?.redeemable === false)
      yield {
        pointer,
        message: `Members cannot spend "${unit}" (redeemable is false), so nothing can cost it.`,
      };
    if (last >= 0 && index > last)
      yield {
        pointer: place,
        message: `Price ${last + 1} is for everybody, so this one is never asked for. Put it before that one.`,
      };
    yield* mistakesInNames(document, price, place);
  }
}

/** Whom a price or an audience is for, as a document says it. */
interface Told {
  readonly tiers?: readonly string[] | undefined;
  readonly segments?: readonly string[] | undefined;
}

const names = ({ tiers, segments }: Told): boolean => tiers !== undefined || segments !== undefined;

function* mistakesInNames(document: ProgramDocument, told: Told | undefined, at: string): Generator<Mistake> {
  yield* mistakesInTierNames(document, told?.tiers, `${at}/tiers`);
  yield* mistakesInSegmentNames(document, told?.segments, `${at}/segments`);
}

function* mistakesInTierNames(
  { tiers }: ProgramDocument,
  names: readonly string[] | undefined,
  at: string,
): Generator<Mistake> {
  const levels = (tiers?.levels ?? []).map(({ id }) => id);
  for (const [index, name] of (names ?? []).entries())
    if (!levels.includes(name))
      yield {
        pointer: `${at}/${index}`,
        message:
          levels.length === 0
            ? `This program has no tiers, so nobody is "${name}".`
            : `This program has no tier "${name}". Its tiers are ${levels.join(', ')}.`,
      };
}

function* mistakesInGives(document: ProgramDocument, reward: Reward, at: string): Generator<Mistake> {
  const { gives, stock, cost } = reward;
  if ('money_off' in gives)
    yield* mistakesInMoney(document, gives.money_off, `${at}/gives/money_off`, 'Money off');
  if ('percent_off' in gives) {
    const percent = parseDecimal(gives.percent_off) as Rational;
    if (percent.num === 0n || compare(percent, HUNDRED) > 0)
      yield { pointer: `${at}/gives/percent_off`, message: 'Write more than 0 and at most 100 per cent.' };
  }
  if ('voucher' in gives && stock !== undefined)
    yield {
      pointer: `${at}/stock`,
      message: `There are as many vouchers as the pool "${gives.voucher}" has codes. Leave "stock" out.`,
    };
  if (!('points' in gives)) return;
  const { unit, expires_after: after } = gives.points;
  const place = `${at}/gives/points`;
  if (!Object.hasOwn(document.units, unit)) yield unknownUnit(document, unit, `${place}/unit`);
  else if (pricesOf(cost).some(price => price.unit === unit))
    yield {
      pointer: `${place}/unit`,
      message: `The reward costs "${unit}" and gives "${unit}". Name another unit.`,
    };
  yield* mistakeInDuration(`${place}/expires_after`, after);
}

/** An amount of money that has to be more than zero and whole in the currency's minor unit. */
function* mistakesInMoney(
  { currency }: ProgramDocument,
  text: string,
  pointer: string,
  what: string,
): Generator<Mistake> {
  if (!/[1-9]/.test(text)) yield { pointer, message: `${what} is more than 0.` };
  const exponent = minorUnitExponent(currency);
  if (exponent !== undefined) yield* mistakeInAmount(pointer, text, currency, exponent);
}

const unknownUnit = (document: ProgramDocument, unit: string, pointer: string): Mistake => ({
  pointer,
  message: `This program has no unit "${unit}". Its units are ${Object.keys(document.units).join(', ')}.`,
});
