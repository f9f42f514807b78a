import type { z } from 'zod';
import { minorUnitExponent } from '#platform/currency.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import { MAX_DOCUMENT, MAX_UNITS, type ProgramDocument, programDocument } from './document.ts';
import { type Mistake, mistakeInDuration, mistakeInTimeZone } from './mistake.ts';
import { mistakesInActivities } from './mistakes-activities.ts';
import { mistakesInCampaigns } from './mistakes-campaigns.ts';
import { mistakesInChallenges } from './mistakes-challenges.ts';
import { mistakesInConditions } from './mistakes-conditions.ts';
import { mistakesInReferrals } from './mistakes-referrals.ts';
import { mistakesInRewards } from './mistakes-rewards.ts';
import { mistakesInSegments } from './mistakes-segments.ts';
import { mistakesInLivesByTier, mistakesInTerms } from './mistakes-terms.ts';
import { mistakesInTiers } from './mistakes-tiers.ts';
import { mistakesInVelocity } from './mistakes-velocity.ts';
import { mistakesInReminders } from './reminders.section.ts';
import { mistakesInTransfers } from './transfers.section.ts';

/** What a document has to agree with. */
export interface Setting {
  /** The name in the address. */
  name: string;
  /** Units of earlier versions, which must stay. */
  units: Iterable<string>;
  /** The kind of clock of a program that exists already. */
  clock: 'wall' | 'test' | null;
}

const MAX_REPORTED = 50;

/**
 * The document, if it is one and agrees with its setting; else `program_invalid` with a JSON pointer and a
 * sentence for each mistake (at most 50).
 */
export function checkDocument(input: unknown, setting: Setting): Outcome<ProgramDocument> {
  if ((JSON.stringify(input) ?? '').length > MAX_DOCUMENT)
    return invalid([{ pointer: '', message: `A program has at most ${MAX_DOCUMENT} characters of JSON.` }]);
  const parsed = programDocument.safeParse(input);
  if (!parsed.success) return invalid(parsed.error.issues.flatMap(issue => mistakesOf(issue, input)));
  const mistakes = [...mistakesIn(parsed.data), ...disagreements(parsed.data, setting)];
  // As its author wrote it: what was parsed has the settings in the order of the schema.
  return mistakes.length === 0 ? accept(input as ProgramDocument) : invalid(mistakes);
}

/** The refusal of a document with these mistakes. */
export function invalid(mistakes: Mistake[]): Outcome<never> {
  const { pointer: at, message } = mistakes[0] as Mistake;
  const place = at === '' ? '' : ` at ${at}`;
  const found =
    mistakes.length === 1 ? `a mistake${place}` : `${mistakes.length} mistakes, the first${place}`;
  return refuse('program_invalid', `The program has ${found}: ${message}`, {
    errors: mistakes.slice(0, MAX_REPORTED),
  });
}

const pointer = (path: readonly PropertyKey[]): string =>
  path.map(step => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The sentences for one finding of zod, whose own words are written for programmers. */
function mistakesOf(issue: z.core.$ZodIssue, input: unknown): Mistake[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => ({ pointer: pointer([...issue.path, key]), message: issue.message }));
  if (issue.code === 'invalid_union') {
    const best = likeliest(issue.errors);
    if (best)
      return best.flatMap(inner => mistakesOf({ ...inner, path: [...issue.path, ...inner.path] }, input));
  }
  const name = issue.path.at(-1);
  const message = isMissing(input, issue.path)
    ? `"${String(name)}" is missing. ${issue.message}`
    : issue.message;
  return [{ pointer: pointer(issue.path), message }];
}

/** The alternative that was meant, if one alone has the fewest mistakes and none at its root. */
function likeliest(alternatives: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const atRoot = (issue: z.core.$ZodIssue) => issue.path.length === 0 && issue.code !== 'unrecognized_keys';
  const possible = alternatives.filter(issues => !issues.some(atRoot));
  possible.sort((a, b) => a.length - b.length);
  const [best, second] = possible;
  return best && second?.length !== best.length ? best : undefined;
}

function isMissing(input: unknown, path: readonly PropertyKey[]): boolean {
  let value: unknown = input;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return false;
    if (!Object.hasOwn(value, step)) return true;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return false;
}

/** What a schema cannot see: names that must exist, be different, or be known to the world. */
function* mistakesIn(document: ProgramDocument): Generator<Mistake> {
  if (minorUnitExponent(document.currency) === undefined)
    yield { pointer: '/currency', message: `"${document.currency}" is not a currency of ISO 4217.` };
  yield* mistakeInTimeZone('/time_zone', document.time_zone);
  yield* mistakeInDuration('/late_after', document.late_after);
  yield* mistakesInCurrencies(document);
  yield* mistakesInUnits(document);
  yield* mistakesInIds(document);
  yield* mistakesInRules(document);
  yield* mistakesInActivities(document);
  yield* mistakesInReferrals(document);
  yield* mistakesInReminders(document.reminders);
  yield* mistakesInRewards(document);
  yield* mistakesInTransfers(document.transfers);
  yield* mistakesInTiers(document);
  yield* mistakesInCampaigns(document);
  yield* mistakesInChallenges(document);
  yield* mistakesInConditions(document);
  yield* mistakesInSegments(document);
  yield* mistakesInVelocity(document);
}

/** Entries cite rules, levels, campaigns and rewards by their ids alone, so no two of them have the same. */
function* mistakesInIds(document: ProgramDocument): Generator<Mistake> {
  const kinds = [
    ['Rule', 'rule', '/earning', document.earning ?? []],
    ['Level', 'level', '/tiers/levels', document.tiers?.levels ?? []],
    ['Streak', 'streak', '/streaks', document.streaks ?? []],
    ['Campaign', 'campaign', '/campaigns', document.campaigns ?? []],
    ['Challenge', 'challenge', '/challenges', document.challenges ?? []],
    ['Reward', 'reward', '/rewards', document.rewards ?? []],
  ] as const;
  const seen = new Map<string, string>();
  for (const [title, kind, place, items] of kinds)
    for (const [index, { id }] of items.entries()) {
      const earlier = seen.get(id);
      if (earlier !== undefined)
        yield {
          pointer: `${place}/${index}/id`,
          message: `${earlier} has the id "${id}" too. Give each ${kind} its own.`,
        };
      else seen.set(id, `${title} ${index + 1}`);
    }
}

function* mistakesInCurrencies(document: ProgramDocument): Generator<Mistake> {
  for (const [code, currency] of Object.entries(document.currencies ?? {})) {
    const at = `/currencies/${code}`;
    if (minorUnitExponent(code) === undefined)
      yield { pointer: at, message: `"${code}" is not a currency of ISO 4217.` };
    if (code === document.currency)
      yield { pointer: at, message: `${code} is the program's own currency and needs no rate.` };
    const rates: { from?: string; rate: string }[] = Array.isArray(currency) ? currency : [currency];
    const seen = new Map<number, number>();
    for (const [index, rate] of rates.entries()) {
      const place = Array.isArray(currency) ? `${at}/${index}` : at;
      if (!/[1-9]/.test(rate.rate)) yield { pointer: `${place}/rate`, message: 'A rate is more than 0.' };
      if (rate.from === undefined) continue;
      const from = Date.parse(rate.from);
      const earlier = seen.get(from);
      if (earlier !== undefined)
        yield {
          pointer: `${place}/from`,
          message: `Rate ${earlier + 1} of ${code} begins at the same instant.`,
        };
      else seen.set(from, index);
    }
  }
}

function* mistakesInUnits(document: ProgramDocument): Generator<Mistake> {
  const units = Object.entries(document.units);
  if (units.length === 0) yield { pointer: '/units', message: 'A program has at least one unit.' };
  if (units.length > MAX_UNITS)
    yield { pointer: '/units', message: `A program has at most ${MAX_UNITS} units.` };
  for (const [name, unit] of units)
    if (unit.redeemable === false && unit.worth !== undefined)
      yield {
        pointer: `/units/${name}/worth`,
        message: `Members cannot spend "${name}" (redeemable is false), so it has no worth.`,
      };
}

function* mistakesInRules(document: ProgramDocument): Generator<Mistake> {
  const names = Object.keys(document.units);
  for (const [index, rule] of (document.earning ?? []).entries()) {
    const at = `/earning/${index}`;
    if (names.length > 0 && !Object.hasOwn(document.units, rule.earn.unit))
      yield {
        pointer: `${at}/earn/unit`,
        message: `This program has no unit "${rule.earn.unit}". Its units are ${names.join(', ')}.`,
      };
    yield* mistakesInTerms(at, rule);
    yield* mistakesInLivesByTier(`${at}/expires`, rule.expires?.by_tier, document);
    if (rule.on !== 'order' && rule.expires?.by_tier !== undefined)
      yield {
        pointer: `${at}/expires/by_tier`,
        message:
          'A tier decides orders only: points of other activities expire the same for everybody. Leave "by_tier" out.',
      };
  }
}

/** Where a document contradicts its address or what the program already is. */
function* disagreements(document: ProgramDocument, setting: Setting): Generator<Mistake> {
  if (document.program !== undefined && document.program !== setting.name)
    yield {
      pointer: '/program',
      message: `The document is for the program "${document.program}", the address for "${setting.name}".`,
    };
  for (const name of setting.units)
    if (!Object.hasOwn(document.units, name))
      yield {
        pointer: '/units',
        message: `The unit "${name}" of an earlier version is missing. Members may hold it, so it cannot be removed.`,
      };
  const clock = clockKind(document);
  if (document.clock !== undefined && setting.clock !== null && clock !== setting.clock)
    yield {
      pointer: '/clock',
      message: `The program was made with a ${setting.clock} clock, which cannot become a ${clock} clock.`,
    };
}

/** Which kind of clock a program has that this document makes. */
export const clockKind = (document: ProgramDocument): 'wall' | 'test' =>
  typeof document.clock === 'object' ? 'test' : 'wall';
