import { MAX_ACTIVITIES, MAX_ATTRIBUTES } from './activities.section.ts';
import type { ProgramDocument } from './document.ts';
import { type Mistake, mistakeInDuration } from './mistake.ts';
import { mistakesInTerms } from './mistakes-terms.ts';

type Rule = NonNullable<ProgramDocument['earning']>[number];
type Streak = NonNullable<ProgramDocument['streaks']>[number];

/** What is wrong with the activities of a document and with what listens to them. */
export function* mistakesInActivities(document: ProgramDocument): Generator<Mistake> {
  const activities = Object.entries(document.activities ?? {});
  if (activities.length > MAX_ACTIVITIES)
    yield { pointer: '/activities', message: `A program has at most ${MAX_ACTIVITIES} activities.` };
  for (const [name, { attributes }] of activities)
    if (Object.keys(attributes ?? {}).length > MAX_ATTRIBUTES)
      yield {
        pointer: `/activities/${name}/attributes`,
        message: `An activity has at most ${MAX_ATTRIBUTES} attributes.`,
      };
  for (const [index, rule] of (document.earning ?? []).entries()) {
    const at = `/earning/${index}`;
    if (rule.on === 'order') yield* mistakesInOrderRule(at, rule);
    else yield* mistakesInActivityRule(at, rule, document);
  }
  for (const [index, streak] of (document.streaks ?? []).entries())
    yield* mistakesInStreak(`/streaks/${index}`, streak, document);
}

function* mistakesInOrderRule(at: string, rule: Rule): Generator<Mistake> {
  for (const setting of ['limit', 'cooldown'] as const)
    if (rule[setting] !== undefined)
      yield {
        pointer: `${at}/${setting}`,
        message: `"${setting}" is for rules on activities. To bound how often orders earn, use a campaign.`,
      };
}

function* mistakesInActivityRule(at: string, rule: Rule, document: ProgramDocument): Generator<Mistake> {
  yield* mistakeInListening(`${at}/on`, rule.on, document);
  if (rule.when !== undefined)
    yield {
      pointer: `${at}/when`,
      message: '"when" is about the lines of orders; an activity has none. Leave it out.',
    };
  yield* mistakesInBonus(at, rule, 'An activity');
  yield* mistakeInDuration(`${at}/cooldown`, rule.cooldown);
}

function* mistakesInStreak(at: string, streak: Streak, document: ProgramDocument): Generator<Mistake> {
  yield* mistakeInListening(`${at}/on`, streak.on, document);
  const seen = new Map<number, number>();
  for (const [index, reward] of streak.rewards.entries()) {
    const place = `${at}/rewards/${index}`;
    const earlier = seen.get(reward.length);
    if (earlier !== undefined)
      yield {
        pointer: `${place}/length`,
        message: `Reward ${earlier + 1} is for ${reward.length} days too. Name each length once.`,
      };
    else seen.set(reward.length, index);
    yield* mistakeInUnit(`${place}/earn/unit`, reward.earn.unit, document);
    yield* mistakesInBonus(place, reward, 'A streak');
    yield* mistakesInTerms(place, reward);
  }
}

export function* mistakeInUnit(at: string, unit: string, { units }: ProgramDocument): Generator<Mistake> {
  const names = Object.keys(units);
  if (names.length > 0 && !Object.hasOwn(units, unit))
    yield {
      pointer: at,
      message: `This program has no unit "${unit}". Its units are ${names.join(', ')}.`,
    };
}

/** Something that listens to an activity which the program does not have. */
export function* mistakeInListening(
  at: string,
  on: string,
  { activities }: ProgramDocument,
): Generator<Mistake> {
  const name = on.slice('activity:'.length);
  const names = Object.keys(activities ?? {});
  if (!names.includes(name))
    yield {
      pointer: at,
      message:
        names.length === 0
          ? `This program has no activities. Add "${name}" under "activities".`
          : `This program has no activity "${name}". Its activities are ${names.join(', ')}.`,
    };
}

/** Points for what costs nothing: they are a fixed number, and no event of an order can make them usable. */
export function* mistakesInBonus(
  at: string,
  { earn, pending }: Pick<Rule, 'earn' | 'pending'>,
  what: string,
): Generator<Mistake> {
  if ('per_currency_unit' in earn)
    yield {
      pointer: `${at}/earn/per_currency_unit`,
      message: `${what} has no amount. Give a fixed number of points: { "unit": "${earn.unit}", "fixed": "50" }.`,
    };
  if (pending !== undefined && 'until_event' in pending)
    yield {
      pointer: `${at}/pending/until_event`,
      message: `${what} has no events of its own that points could wait for. Write { "for": "P14D" } or { "until": … }.`,
    };
}
