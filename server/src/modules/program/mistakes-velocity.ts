import type { ProgramDocument } from './document.ts';
import type { Mistake } from './mistake.ts';
import { exactLength } from './velocity.ts';

const DAY = 86_400_000;
const LONGEST = { within: 31, pause: 366 } as const;

/** What is wrong with the velocity checks beyond their form. */
export function* mistakesInVelocity(document: ProgramDocument): Generator<Mistake> {
  const seen = new Map<string, number>();
  for (const [index, check] of (document.velocity ?? []).entries()) {
    const at = `/velocity/${index}`;
    const earlier = seen.get(check.id);
    if (earlier !== undefined)
      yield {
        pointer: `${at}/id`,
        message: `Check ${earlier + 1} has the id "${check.id}" too. Give each check its own.`,
      };
    else seen.set(check.id, index);
    if (!Object.hasOwn(document.units, check.unit))
      yield {
        pointer: `${at}/unit`,
        message: `This program has no unit "${check.unit}". Its units are ${Object.keys(document.units).join(', ')}.`,
      };
    yield* mistakesInLength(`${at}/within`, check.within, LONGEST.within);
    yield* mistakesInPause(at, check);
  }
}

function* mistakesInPause(
  at: string,
  { action = 'pause', pause }: NonNullable<ProgramDocument['velocity']>[number],
): Generator<Mistake> {
  if (action === 'pause' && pause === undefined)
    yield {
      pointer: at,
      message:
        'A check that pauses says for how long: add "pause", for example "PT1H". Or write "action": "flag".',
    };
  else if (action === 'flag' && pause !== undefined)
    yield {
      pointer: `${at}/pause`,
      message: 'A check that only flags pauses nobody. Leave "pause" out, or write "action": "pause".',
    };
  else if (pause !== undefined) yield* mistakesInLength(`${at}/pause`, pause, LONGEST.pause);
}

/** A length must be the same at any time of the year, and bounded. */
function* mistakesInLength(pointer: string, text: string, days: number): Generator<Mistake> {
  const length = exactLength(text);
  if (length === undefined)
    yield {
      pointer,
      message: `"${text}" has no fixed length. Write days, hours, minutes or seconds, for example "PT5M" for 5 minutes or "P1D" for 24 hours.`,
    };
  else if (length > days * DAY) yield { pointer, message: `Write at most ${days} days, "P${days}D".` };
}
