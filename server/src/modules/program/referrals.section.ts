import { z } from 'zod';
import { earn, expires, pending } from './earning.section.ts';
import { decimal, duration, ruleId, settings } from './fields.ts';

const side = (meaning: string) =>
  settings('A side of a referral', {
    earn,
    pending: pending.optional(),
    expires: expires.optional(),
  }).describe(meaning);

/** Members bring friends. */
export const referrals = settings('"referrals"', {
  id: ruleId('referral', 'invite').describe(
    'The name that entries cite with the version, `invite@3`; different from those of rules, campaigns and streaks.',
  ),
  referrer: side('What the member gets who brought the friend. Left out: nothing.').optional(),
  friend: side('What the friend gets. Left out: nothing.').optional(),
  minimum: decimal(
    '50.00',
    "How much the friend's order must be worth at least, in the program's currency. Default: anything.",
  ).optional(),
  within: duration('How long after the referral the friend must order. Left out: without end.').optional(),
  returns: z
    .enum(['take_back', 'keep'], { error: 'Write "take_back" or "keep".' })
    .describe(
      'What becomes of the points when the order does not qualify any more, because it came back or was changed. They go (`take_back`), and no other order brings them again; or they stay (`keep`). Default: take_back.',
    )
    .optional(),
}).describe(
  "Points for bringing a friend, who must not have ordered before. The friend's first order that qualifies brings them, once. The version in force when the friend was referred decides. Left out: there are no referrals.",
);
