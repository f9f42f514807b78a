import type { ErrorTable } from '#platform/errors.ts';

export const rewardsErrors = {
  unit_not_redeemable: { status: 422, title: 'Points of this unit cannot be redeemed' },
  reward_unknown: { status: 422, title: 'The program has no such reward' },
  reward_unavailable: { status: 422, title: 'The reward is not available to this member' },
  redemption_not_found: { status: 404, title: 'There is no such redemption in this program' },
  redemption_captured: { status: 409, title: 'The redemption was captured' },
  redemption_voided: { status: 409, title: 'The redemption was voided' },
  redemption_expired: { status: 409, title: 'The hold of the redemption has ended' },
  redemption_not_captured: { status: 409, title: 'The redemption was not captured' },
  refund_exceeds_redemption: { status: 422, title: 'More would be given back than was redeemed' },
  refund_not_divisible: { status: 422, title: 'The redemption can be refunded as a whole only' },
  reward_points_spent: { status: 422, title: 'What the reward gave was spent already' },
  fulfilment_not_pending: { status: 409, title: 'The redemption does not wait to be handed over' },
  transfers_not_allowed: { status: 422, title: 'Members of the program cannot give each other points' },
  transfer_to_self: { status: 422, title: 'Sender and receiver are the same member' },
  transfer_limited: { status: 422, title: 'The program allows no such transfer now' },
  transfer_not_found: { status: 404, title: 'There is no such transfer in this program' },
  voucher_code_taken: { status: 409, title: 'A code is in another pool already' },
} as const satisfies ErrorTable;
