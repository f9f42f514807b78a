import { refuse } from '#platform/errors.ts';

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
