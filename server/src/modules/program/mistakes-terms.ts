import type { z } from 'zod';
import type { expires, pending } from './earning.section.ts';
import { type Mistake, mistakeInDuration } from './mistake.ts';

/** What a schema cannot see in the terms of points at `at`. */
export function* mistakesInTerms(
  at: string,
  terms: {
    pending?: z.infer<typeof pending> | undefined;
    expires?: z.infer<typeof expires> | undefined;
  },
): Generator<Mistake> {
  for (const [section, name, text] of durationsOf(terms))
    yield* mistakeInDuration(`${at}/${section}/${name}`, text);
  const wait = terms.pending;
  if (
    wait !== undefined &&
    'until_event' in wait &&
    wait.otherwise !== undefined &&
    wait.at_latest === undefined
  )
    yield {
      pointer: `${at}/pending/otherwise`,
      message:
        '"otherwise" says what becomes of the points when the event has not come in time. Say with "at_latest" how long they wait, for example "P90D".',
    };
}

function durationsOf({ pending, expires }: Parameters<typeof mistakesInTerms>[1]) {
  const all = [
    ['pending', 'for', pending && 'for' in pending ? pending.for : undefined],
    ['pending', 'at_latest', pending && 'until_event' in pending ? pending.at_latest : undefined],
    ['expires', 'after', expires && 'after' in expires ? expires.after : undefined],
    ['expires', 'plus', expires && 'at_end_of' in expires ? expires.plus : undefined],
    ['expires', 'inactivity', expires && 'inactivity' in expires ? expires.inactivity : undefined],
  ] as const;
  return all;
}
