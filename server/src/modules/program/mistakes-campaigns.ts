import { minorUnitExponent } from '#platform/currency.ts';
import { isTimeZone } from './calendar.ts';
import { unitOf } from './campaigns.ts';
import type { ProgramDocument } from './document.ts';
import { LAST_INSTANT } from './fields.ts';
import {
  type Mistake,
  mistakeInAmount,
  mistakeInDuration,
  mistakeInMultiplier,
  mistakeInPercent,
  mistakeInTimeZone,
} from './mistake.ts';
import { mistakesInLivesByTier, mistakesInTerms } from './mistakes-terms.ts';
import { compileSchedule } from './schedule.ts';

type Campaign = NonNullable<ProgramDocument['campaigns']>[number];

/** What is wrong with the campaigns of a document that has the right form; their conditions apart. */
export function* mistakesInCampaigns(document: ProgramDocument): Generator<Mistake> {
  for (const [index, campaign] of (document.campaigns ?? []).entries()) {
    const at = `/campaigns/${index}`;
    yield* mistakesInSchedule(at, campaign, document);
    yield* mistakesInAudience(at, campaign, document);
    yield* mistakesInEffect(at, campaign, document);
    yield* mistakesInGift(at, campaign, document);
    yield* mistakeInDuration(`${at}/cooldown`, campaign.cooldown);
    yield* mistakesInBudget(at, campaign, document);
  }
}

/** What has a schedule and an audience: a campaign, a challenge. */
type Scheduled = Pick<Campaign, 'from' | 'until' | 'weekdays' | 'hours' | 'time_zone'>;

export function* mistakesInSchedule(
  at: string,
  campaign: Scheduled,
  document: ProgramDocument,
  what: 'campaign' | 'challenge' = 'campaign',
): Generator<Mistake> {
  const { from, until, hours, time_zone } = campaign;
  const found = [
    ...mistakeInTimeZone(`${at}/time_zone`, time_zone),
    ...mistakeInMoment(`${at}/from`, from),
    ...mistakeInMoment(`${at}/until`, until),
  ];
  if (hours?.from === '24:00')
    found.push({ pointer: `${at}/hours/from`, message: 'A day begins at "00:00"; "24:00" is its end.' });
  else if (hours !== undefined && hours.from === hours.until)
    found.push({
      pointer: `${at}/hours`,
      message: `From ${hours.from} until ${hours.until} there is no time at all. For whole days leave "hours" out.`,
    });
  yield* found;
  const programZone = document.time_zone ?? 'UTC';
  if (found.length === 0 && isTimeZone(programZone)) yield* neverOpen(at, campaign, programZone, what);
}

const FIRST_YEAR = 1900;

/** A date and time that no calendar has. */
function* mistakeInMoment(at: string, text: string | undefined): Generator<Mistake> {
  if (text === undefined) return;
  const [date = '', time = ''] = text.split('T');
  const day = Date.parse(`${date}T00:00Z`);
  // Date.parse takes February 30 for March 2.
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date)
    yield { pointer: at, message: `There is no day ${date}. Write year, month and day, such as 2026-11-27.` };
  else if (day > LAST_INSTANT || Number(date.slice(0, 4)) < FIRST_YEAR)
    yield { pointer: at, message: 'Write a date in the years 1900 to 9799.' };
  if (!/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$|^24:00(:00)?$/.test(time))
    yield {
      pointer: at,
      message: `There is no time ${time}. Write "18:00", or "24:00" for the end of a day.`,
    };
}

const MINUTE = 60_000;
const LONGEST_SEARCH = 8 * 86_400_000;

/** A campaign that ends before it starts, or between whose dates none of its days and hours lies. */
function* neverOpen(at: string, campaign: Scheduled, programZone: string, what: string): Generator<Mistake> {
  const { from, until, weekdays, hours } = campaign;
  if (from === undefined || until === undefined) return;
  const { start, end, open } = compileSchedule(campaign, programZone);
  if (end <= start) {
    yield {
      pointer: `${at}/until`,
      message: `The ${what} ends before it starts: it is from ${from} until ${until}.`,
    };
    return;
  }
  if ((weekdays === undefined && hours === undefined) || end - start > LONGEST_SEARCH) return;
  if (open(start)) return;
  for (let minute = Math.ceil(start / MINUTE) * MINUTE; minute < end; minute += MINUTE)
    if (open(minute)) return;
  yield {
    pointer: `${at}/${weekdays === undefined ? 'hours' : 'weekdays'}`,
    message: `Between ${from} and ${until} there is none of these ${weekdays === undefined ? 'hours' : 'days and hours'}, so the ${what} would never be in force.`,
  };
}

export function* mistakesInAudience(
  at: string,
  { audience }: Pick<Campaign, 'audience'>,
  { tiers }: ProgramDocument,
): Generator<Mistake> {
  const levels = (tiers?.levels ?? []).map(level => level.id);
  for (const [index, tier] of (audience?.tiers ?? []).entries())
    if (!levels.includes(tier))
      yield {
        pointer: `${at}/audience/tiers/${index}`,
        message:
          levels.length === 0
            ? `This program has no tiers, so nobody is "${tier}".`
            : `This program has no tier "${tier}". Its tiers are ${levels.join(', ')}.`,
      };
}

function* mistakesInEffect(at: string, { effect }: Campaign, document: ProgramDocument): Generator<Mistake> {
  const { units } = document;
  const unit = unitOf(effect);
  const place = 'earn' in effect ? 'effect/earn/unit' : 'effect/unit';
  const names = Object.keys(units);
  if (unit !== undefined && names.length > 0 && !Object.hasOwn(units, unit))
    yield {
      pointer: `${at}/${place}`,
      message: `This program has no unit "${unit}". Its units are ${names.join(', ')}.`,
    };
  if ('multiply' in effect) yield* mistakeInMultiplier(`${at}/effect/multiply`, effect.multiply);
  else if ('percent' in effect) yield* mistakeInPercent(`${at}/effect/percent`, effect.percent);
  else if ('earn' in effect) {
    yield* mistakesInTerms(`${at}/effect`, effect);
    yield* mistakesInLivesByTier(`${at}/effect/expires`, effect.expires?.by_tier, document);
  }
}

/** What gives no points must be there, and nothing of it may be bounded in points. */
function* mistakesInGift(at: string, campaign: Campaign, document: ProgramDocument): Generator<Mistake> {
  const { effect } = campaign;
  if ('tier' in effect) {
    yield* mistakeInDuration(`${at}/effect/for`, effect.for);
    yield* mistakeInTier(`${at}/effect/tier`, effect.tier, document);
  } else if ('voucher' in effect) yield* mistakeInVoucher(`${at}/effect/voucher`, effect.voucher, document);
  else if (!('challenge' in effect)) return;
  for (const bound of ['cap', 'budget'] as const)
    if (campaign[bound] !== undefined)
      yield {
        pointer: `${at}/${bound}`,
        message: `A ${bound} bounds points, and this campaign gives none. Say with "limit" how often it counts for a member.`,
      };
}

function* mistakeInTier(at: string, tier: string, { tiers }: ProgramDocument): Generator<Mistake> {
  const levels = (tiers?.levels ?? []).map(level => level.id);
  if (levels.includes(tier)) return;
  const known =
    levels.length === 0
      ? `This program has no tiers, so nobody can be given "${tier}".`
      : `This program has no tier "${tier}". Its tiers are ${levels.join(', ')}.`;
  yield { pointer: at, message: known };
}

function* mistakeInVoucher(at: string, id: string, { rewards = [] }: ProgramDocument): Generator<Mistake> {
  const reward = rewards.find(each => each.id === id);
  if (reward !== undefined && 'voucher' in reward.gives) return;
  const vouchers = rewards.filter(({ gives }) => 'voucher' in gives).map(each => each.id);
  const known =
    vouchers.length === 0 ? 'It has none that gives a voucher.' : `Vouchers give ${vouchers.join(', ')}.`;
  yield {
    pointer: at,
    message:
      reward === undefined
        ? `This program has no reward "${id}". ${known}`
        : `The reward "${id}" has no pool of codes, so there is no voucher to give. ${known}`,
  };
}

function* mistakesInBudget(at: string, campaign: Campaign, document: ProgramDocument): Generator<Mistake> {
  const { budget } = campaign;
  if (budget === undefined || ['tier', 'voucher', 'challenge'].some(gift => gift in campaign.effect)) return;
  const { points, money } = budget;
  if ((points === undefined) === (money === undefined))
    yield {
      pointer: `${at}/budget`,
      message:
        points === undefined
          ? 'Say how much the budget is: "points", or "money".'
          : 'A budget is either in "points" or in "money", not in both.',
    };
  if (money === undefined) return;
  if (!/[1-9]/.test(money))
    yield { pointer: `${at}/budget/money`, message: 'A budget of 0 gives nothing. Write more than 0.' };
  const exponent = minorUnitExponent(document.currency);
  if (exponent !== undefined)
    yield* mistakeInAmount(`${at}/budget/money`, money, document.currency, exponent);
  for (const unit of unitsOf(campaign, document))
    if (document.units[unit]?.worth === undefined)
      yield {
        pointer: `${at}/budget/money`,
        message: `The unit "${unit}" has no "worth", so it is unknown what its points cost. Give it one, or write the budget in points.`,
      };
}

/** The units that the campaign gives, those that exist. */
function unitsOf({ effect }: Campaign, { units }: ProgramDocument): string[] {
  const named = unitOf(effect);
  if (named !== undefined) return Object.hasOwn(units, named) ? [named] : [];
  return Object.keys(units).filter(name => units[name]?.redeemable !== false);
}
