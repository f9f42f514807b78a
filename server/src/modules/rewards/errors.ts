import type { ErrorTable } from '#platform/errors.ts';

export const rewardsErrors = {
  unit_not_redeemable: { status: 422, title: 'Points of this unit cannot be redeemed' },
  redemption_not_found: { status: 404, title: 'There is no such redemption in this program' },
  redemption_captured: { status: 409, title: 'The redemption was captured' },
  redemption_voided: { status: 409, title: 'The redemption was voided' },
  redemption_expired: { status: 409, title: 'The hold of the redemption has ended' },
  redemption_not_captured: { status: 409, title: 'The redemption was not captured' },
  refund_exceeds_redemption: { status: 422, title: 'More would be given back than was redeemed' },
} as const satisfies ErrorTable;
