import { z } from 'zod';
import { duration, ruleId, settings } from './fields.ts';

export const MAX_CHECKS = 20;

const check = settings('A check', {
  id: ruleId('check', 'burst').describe(
    'The name of the check, once among the checks. Cases cite it with the version: `burst@3`.',
  ),
  unit: z.string({ error: 'Write the name of a unit in quotes.' }).describe('Which points are counted.'),
  more_than: z
    .string({ error: 'Write the number as text in quotes, for example "1000".' })
    .regex(/^(0|[1-9]\d{0,14})$/, { error: 'Write a whole number, for example "1000".' })
    .describe(
      'The line. An order with which its member has been given more than this within one window crosses it, and keeps its own points. Points that come back do not lower the sum.',
    ),
  within: duration(
    'How long a window is, in days, hours, minutes and seconds, at most 31 days; a day has 24 hours.',
  ),
  window: z
    .enum(['tumbling', 'sliding'], { error: 'Write "tumbling" or "sliding".' })
    .describe(
      'Which windows there are, by the time of the orders. `tumbling`: one after the other, aligned to 1970-01-01T00:00:00Z. `sliding`: one that ends with every order, so that it catches what straddles two tumbling ones. Default: tumbling.',
    )
    .optional(),
  action: z
    .enum(['pause', 'flag'], { error: 'Write "pause" or "flag".' })
    .describe(
      'What a crossing does besides opening a case. `pause`: the points of orders from the crossing on are pending until somebody decides the case; `flag`: nothing else. Default: pause.',
    )
    .optional(),
  pause: duration(
    'How long the pause is, from the time of the order that crossed the line, as `within`, at most 366 days. To be given with `pause` alone.',
  ).optional(),
});

export const velocity = z
  .array(check, { error: 'Write a list of checks [ … ].' })
  .max(MAX_CHECKS, { error: `A program has at most ${MAX_CHECKS} checks.` })
  .describe(
    'Checks of how fast a member earns, against fraud. Each opens at most one case in a window. Orders that are marked `historical` are neither counted nor pended. Default: none.',
  );
