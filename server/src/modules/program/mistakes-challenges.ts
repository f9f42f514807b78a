import { minorUnitExponent } from '#platform/currency.ts';
import { compare, parseDecimal, type Rational } from '#platform/money.ts';
import { MAX_BADGES } from './challenges.section.ts';
import type { ProgramDocument } from './document.ts';
import { type Mistake, mistakeInAmount } from './mistake.ts';
import { mistakeInListening, mistakeInUnit, mistakesInBonus } from './mistakes-activities.ts';
import { mistakesInAudience, mistakesInSchedule } from './mistakes-campaigns.ts';
import { mistakesInTerms } from './mistakes-terms.ts';

type Challenge = NonNullable<ProgramDocument['challenges']>[number];
type Goal = Challenge['goals'][number];

/** What is wrong with the challenges and badges of a document that has the right form; their conditions apart. */
export function* mistakesInChallenges(document: ProgramDocument): Generator<Mistake> {
  if (Object.keys(document.badges ?? {}).length > MAX_BADGES)
    yield { pointer: '/badges', message: `A program has at most ${MAX_BADGES} badges.` };
  for (const [index, challenge] of (document.challenges ?? []).entries()) {
    const at = `/challenges/${index}`;
    yield* mistakesInSchedule(at, challenge, document, 'challenge');
    yield* mistakesInAudience(at, challenge, document);
    if (challenge.on !== 'order') yield* mistakesOnActivities(at, challenge, document);
    yield* mistakesInGoals(at, challenge, document);
  }
  yield* mistakesInProgress(document);
}

/** Campaigns that move a challenge: it must be there, and be one that an order can count more in. */
function* mistakesInProgress(document: ProgramDocument): Generator<Mistake> {
  for (const [index, { effect }] of (document.campaigns ?? []).entries()) {
    if (!('challenge' in effect)) continue;
    const at = `/campaigns/${index}/effect`;
    const names = (document.challenges ?? []).map(({ id }) => id);
    const challenge = document.challenges?.find(({ id }) => id === effect.challenge);
    if (challenge === undefined)
      yield {
        pointer: `${at}/challenge`,
        message:
          names.length === 0
            ? `This program has no challenges. Add "${effect.challenge}" under "challenges".`
            : `This program has no challenge "${effect.challenge}". Its challenges are ${names.join(', ')}.`,
      };
    else if (challenge.on !== 'order')
      yield {
        pointer: `${at}/challenge`,
        message: `"${effect.challenge}" counts activities, and campaigns are about orders.`,
      };
    else if (challenge.measure === 'days')
      yield {
        pointer: `${at}/challenge`,
        message: `"${effect.challenge}" counts days, and an order is on one day only.`,
      };
    else {
      if (!/[1-9]/.test(effect.progress))
        yield {
          pointer: `${at}/progress`,
          message: '0 more is nothing. Write how much more the order counts.',
        };
      yield* mistakesInAmount(`${at}/progress`, effect.progress, challenge, document);
    }
  }
}

const ABOUT_ORDERS = {
  if: 'A condition is about orders; activities have none.',
  when: '"when" is about the lines of orders; an activity has none.',
  audience: 'An audience is about orders; activities count for everybody.',
} as const;

function* mistakesOnActivities(
  at: string,
  challenge: Challenge,
  document: ProgramDocument,
): Generator<Mistake> {
  yield* mistakeInListening(`${at}/on`, challenge.on, document);
  for (const setting of ['if', 'when', 'audience'] as const)
    if (challenge[setting] !== undefined)
      yield { pointer: `${at}/${setting}`, message: `${ABOUT_ORDERS[setting]} Leave it out.` };
  if (challenge.measure !== undefined && challenge.measure !== 'count' && challenge.measure !== 'days')
    yield {
      pointer: `${at}/measure`,
      message: `An activity has no ${challenge.measure}. Write "count", or "days" for the days with one.`,
    };
}

function* mistakesInGoals(at: string, challenge: Challenge, document: ProgramDocument): Generator<Mistake> {
  let last: Goal | undefined;
  for (const [index, goal] of challenge.goals.entries()) {
    const place = `${at}/goals/${index}`;
    yield* mistakesInTarget(`${place}/target`, goal, challenge, document);
    const more = last === undefined ? 1 : compare(amount(goal), amount(last));
    if (more <= 0)
      yield {
        pointer: `${place}/target`,
        message:
          more === 0
            ? `Goal ${index} has the target ${last?.target} already. Write the targets in ascending order, each once.`
            : `It is less than the ${last?.target} of goal ${index}. Write the targets in ascending order.`,
      };
    last = goal;
    yield* mistakesInReward(place, goal, document);
  }
}

const amount = ({ target }: Goal): Rational => parseDecimal(target) as Rational;
const CALENDAR_DAYS = { day: 1, week: 7, month: 31, year: 366 } as const;

function* mistakesInTarget(
  at: string,
  goal: Goal,
  challenge: Challenge,
  document: ProgramDocument,
): Generator<Mistake> {
  const { target } = goal;
  const { measure, every = 'ever' } = challenge;
  if (!/[1-9]/.test(target)) yield { pointer: at, message: 'A target of 0 is reached by all. Write more.' };
  yield* mistakesInAmount(at, target, challenge, document);
  if (measure === 'days' && every !== 'ever') {
    const most = CALENDAR_DAYS[every];
    if (compare(amount(goal), { num: BigInt(most), den: 1n }) > 0)
      yield { pointer: at, message: `A ${every} has no ${target} days. Write at most ${most}.` };
  }
}

/** How much of what a challenge measures. */
function* mistakesInAmount(
  at: string,
  text: string,
  { measure }: Challenge,
  { currency }: ProgramDocument,
): Generator<Mistake> {
  if (measure === 'spend') {
    const exponent = minorUnitExponent(currency);
    if (exponent !== undefined) yield* mistakeInAmount(at, text, currency, exponent);
  } else if (/\.\d*[1-9]/.test(text))
    yield { pointer: at, message: `"${text}" cannot be counted. Write a whole number.` };
}

function* mistakesInReward(at: string, goal: Goal, document: ProgramDocument): Generator<Mistake> {
  const { earn, badge, pending, expires } = goal;
  if (earn === undefined && badge === undefined)
    yield { pointer: at, message: 'The goal gives nothing. Write "earn" for points, or "badge".' };
  if (earn !== undefined) {
    yield* mistakeInUnit(`${at}/earn/unit`, earn.unit, document);
    yield* mistakesInBonus(at, { earn, pending }, 'A challenge');
    yield* mistakesInTerms(at, goal);
  } else
    for (const [name, setting] of Object.entries({ pending, expires }))
      if (setting !== undefined)
        yield { pointer: `${at}/${name}`, message: `"${name}" is for points, and the goal gives none.` };
  if (badge === undefined || Object.hasOwn(document.badges ?? {}, badge)) return;
  const names = Object.keys(document.badges ?? {});
  yield {
    pointer: `${at}/badge`,
    message:
      names.length === 0
        ? `This program has no badges. Add "${badge}" under "badges".`
        : `This program has no badge "${badge}". Its badges are ${names.join(', ')}.`,
  };
}
