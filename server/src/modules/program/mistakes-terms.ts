import type { z } from 'zod';
import type { ProgramDocument } from './document.ts';
import type { expiresByTier, pending } from './earning.section.ts';
import { type Mistake, mistakeInDuration } from './mistake.ts';

/** What a schema cannot see in the terms of points at `at`. */
export function* mistakesInTerms(
  at: string,
  terms: {
    pending?: z.infer<typeof pending> | undefined;
    expires?: z.infer<typeof expiresByTier> | undefined;
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

type ByTier = NonNullable<z.infer<typeof expiresByTier>['by_tier']>;

/** What is wrong with the lives of points by tier: at `at` stands the "expires" that they are part of. */
export function* mistakesInLivesByTier(
  at: string,
  byTier: ByTier | undefined,
  { tiers }: ProgramDocument,
): Generator<Mistake> {
  const levels = tiers?.levels.map(({ id }) => id) ?? [];
  for (const [tier, lifetime] of Object.entries(byTier ?? {})) {
    const place = `${at}/by_tier/${tier}`;
    if (!levels.includes(tier))
      yield {
        pointer: place,
        message:
          levels.length === 0
            ? `The program has no tiers, so there is no level "${tier}".`
            : `There is no level "${tier}". The levels are ${levels.join(', ')}.`,
      };
    if (lifetime !== 'never')
      for (const [, name, text] of durationsOf({ expires: lifetime }))
        yield* mistakeInDuration(`${place}/${name}`, text);
  }
}
