import { type Difference, refuse } from '#platform/errors.ts';

/** Says what is required, what is there and what is missing, so that a checkout can show it. */
export const insufficientBalance = (required: bigint, available: bigint) => {
  const missing = required - (available > 0n ? available : 0n);
  return refuse(
    'insufficient_balance',
    `The balance is ${available}; ${required} points are needed, ${missing} are missing.`,
    {
      reasons: [
        {
          code: 'insufficient_balance',
          required: String(required),
          available: String(available),
          missing: String(missing),
        },
      ],
    },
  );
};

/** What people call the commands whose names are for machines. */
const NOUNS: Readonly<Record<string, string>> = {
  adjust: 'adjustment',
  badge_award: 'award of a badge',
  badge_withdrawal: 'withdrawal of a badge',
  case_decision: 'decision of a case',
  order_event: 'event of an order',
  redemption_change: 'change of a redemption',
  tier_grant: 'grant of a tier',
  tier_grant_end: 'end of a grant',
};

/** Another command of this type was accepted under the key. */
export const keyReused = (type: string, differences: Difference[]) =>
  refuse(
    'key_reused',
    `Another ${NOUNS[type] ?? type} was accepted under this external id before. Send the same content again, or use another id.`,
    { differences },
  );
