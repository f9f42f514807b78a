/** Plain, pending and fixed earnings, so that every kind of lot is about. */
export const PLAIN = {
  currency: 'USD',
  time_zone: 'UTC',
  enrolment: 'automatic',
  units: { points: { redeemable: true, worth: '0.01' } },
  rounding: 'floor',
  earning: [
    {
      id: 'goods',
      on: 'order',
      when: { category: ['books', 'music'] },
      earn: { unit: 'points', per_currency_unit: '1' },
      expires: { after: 'P24M' },
    },
    {
      id: 'trips',
      on: 'order',
      when: { category: ['travel'] },
      earn: { unit: 'points', per_currency_unit: '1' },
      pending: { for: 'P14D' },
      expires: { after: 'P36M' },
    },
    { id: 'app', on: 'order', when: { channel: ['app'] }, earn: { unit: 'points', fixed: '10' } },
  ],
  returns: { if_spent: 'clamp_to_zero' },
};

/**
 * Besides, all that an engine remembers of members while it writes alone: what their tiers follow from, and how often
 * campaigns counted for them. `decisions.ts` says what has to come of it.
 */
export const RICH = {
  ...PLAIN,
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P12M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'silver', from: '1000.00', multiplier: '1.25' },
      { id: 'gold', from: '3000.00', multiplier: '1.5' },
    ],
  },
  combination: 'stack',
  campaigns: [
    {
      id: 'welcome',
      limit: { per_member: 2, every: 'month' },
      effect: { earn: { unit: 'points', fixed: '25' } },
    },
    {
      id: 'regular',
      audience: { channels: ['app'] },
      limit: { per_member: 7, every: 'month' },
      effect: { earn: { unit: 'points', fixed: '7' } },
    },
    {
      // Of one line, so that rounding takes nothing from it and gives nothing to it.
      id: 'monthly',
      if: 'size(order.lines) == 1',
      cap: { points: '100', per: 'month' },
      effect: { earn: { unit: 'points', fixed: '30' } },
    },
    {
      id: 'large',
      if: 'order.total >= 30000',
      budget: { points: '900000000000' },
      effect: { multiply: '2' },
    },
  ],
};
