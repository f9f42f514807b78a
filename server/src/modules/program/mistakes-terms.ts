import type { z } from 'zod';
import type { expires, pending } from './earning.section.ts';
import { type Mistake, mistakeInDuration } from './mistake.ts';

/** What the points of a rule or a campaign are subject to. */
interface Terms {
  pending?: z.infer<typeof pending> | undefined;
  expires?: z.infer<typeof expires> | undefined;
}

/** What is wrong with the terms of the points that the setting at the pointer `at` gives. */
export function* mistakesInTerms(at: string, terms: Terms): Generator<Mistake> {
  yield* mistakeInDuration(`${at}/pending/for`, terms.pending?.for);
  yield* mistakeInDuration(`${at}/expires/after`, terms.expires?.after);
}
