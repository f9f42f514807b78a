import { z } from 'zod';
import { type Duration, parseDuration } from './calendar.ts';
import { duration } from './fields.ts';
import { type Mistake, mistakeInDuration } from './mistake.ts';

const MAX_REMINDERS = 10;

export const reminders = z
  .array(duration('How long before the points expire.'), {
    error: 'Write a list of durations, for example ["P30D", "P7D", "P1D"].',
  })
  .max(MAX_REMINDERS, { error: `Name at most ${MAX_REMINDERS}.` })
  .describe(
    'How long before points expire a fact `points.expiring` is published: once for each wallet, date of expiry and length, with the points that are still there. Which lengths count is decided by the version in force at that time. Default: none.',
  );

/** How long before points expire their member is to be reminded. */
export interface Reminder {
  /** As it is written: `P30D`. */
  readonly before: string;
  readonly length: Duration;
}

export const compileReminders = (lengths: readonly string[] | undefined): Reminder[] =>
  (lengths ?? []).map(before => ({ before, length: parseDuration(before) as Duration }));

export function* mistakesInReminders(lengths: readonly string[] | undefined): Generator<Mistake> {
  for (const [index, before] of (lengths ?? []).entries()) {
    const at = `/reminders/${index}`;
    yield* mistakeInDuration(at, before);
    const earlier = lengths?.indexOf(before) ?? index;
    if (earlier < index)
      yield { pointer: at, message: `Reminder ${earlier + 1} is "${before}" too. Name each length once.` };
  }
}
