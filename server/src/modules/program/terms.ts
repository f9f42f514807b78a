import type { z } from 'zod';
import { type Duration, parseDuration } from './calendar.ts';
import type { expires, pending } from './earning.section.ts';

/** When points become usable and when they expire; null: at once, never. */
export interface Terms {
  readonly pending: { readonly for: Duration } | null;
  readonly expires: { readonly after: Duration } | null;
}

/** The terms of a checked document. */
export const compileTerms = (
  wait: z.infer<typeof pending> | undefined,
  expiry: z.infer<typeof expires> | undefined,
): Terms => ({
  pending: wait === undefined ? null : { for: parseDuration(wait.for) as Duration },
  expires: expiry === undefined ? null : { after: parseDuration(expiry.after) as Duration },
});
