import { addDuration } from './calendar.ts';
import { type Program, versionAt } from './model.ts';

const DAY = 86_400_000;
/** A day that a month does not have becomes its last, so the way back can be some days longer than the way there. */
const SLACK = 4 * DAY;

/** When members of a program are reminded of points that expire at an instant: by the version in force then. */
export const remindersOf = (program: Program, expiresAt: number): { before: string; at: number }[] =>
  program.versions.flatMap(version =>
    version.reminders.flatMap(({ before, length }) => {
      const at = addDuration(expiresAt, length, version.timeZone, -1);
      return versionAt(program, at) === version ? [{ before, at }] : [];
    }),
  );

/** The latest date of expiry of which somebody can be to be reminded by `at`; `at` itself without reminders. */
export const reminderHorizon = (program: Program, at: number): number =>
  Math.max(
    at,
    ...program.versions.flatMap(version =>
      version.reminders.map(({ length }) => addDuration(at, length, version.timeZone) + SLACK),
    ),
  );
