// Mistakes in what campaigns do: percentages, tiers and vouchers.
const EARNING = 'src/modules/earning';
const PERCENT = ['test/journeys/percent.test.ts'];
const TIERS = ['test/journeys/tier-campaigns.test.ts'];
const VOUCHERS = ['test/journeys/voucher-campaigns.test.ts'];
const REWARDS = 'src/modules/rewards';
const MODEL = [`${EARNING}/campaigns/effects.test.ts`];

export const EFFECT_MUTANTS = [
  {
    name: 'a percentage leaves out fixed points',
    file: `${EARNING}/model.ts`,
    tests: MODEL,
    find: 'give(index, times({ num: earn.fixed, den: 1n }, part));',
    replace: 'cells.push({ line: index, rule: source, value: times({ num: earn.fixed, den: 1n }, part) });',
  },
  {
    name: 'a percentage is of points of campaigns too',
    file: `${EARNING}/model.ts`,
    tests: PERCENT,
    find: '(isMultiplied ? parts : [])',
    replace: 'parts',
  },
  {
    name: 'an order has the tier that it gives itself',
    file: `${EARNING}/tiers/tiers.ts`,
    tests: TIERS,
    find: 'if (grant.orderId !== null && grant.orderId === besides) continue;',
    replace: '',
  },
  {
    name: 'a tier stays when its whole order came back',
    file: `${EARNING}/tiers/tier-gifts.ts`,
    tests: TIERS,
    find: 'isBack(state) && version.tiers?.lowerAfterReturn !== false ? null : ',
    replace: '',
  },
  {
    name: 'a tier that somebody ended by hand comes back',
    file: `${EARNING}/tiers/tier-gifts.ts`,
    tests: TIERS,
    find: 'if (last !== undefined && last.end !== null && last.end.endedBy !== ENGINE) return null;',
    replace: '',
  },
  {
    name: 'a backtest keeps the tiers that replayed orders gave',
    file: `${EARNING}/replay/backtest.gifts.ts`,
    tests: TIERS,
    find: 'orderId === null || !this.isReplayed(from)',
    replace: 'orderId !== 0n',
  },
  {
    name: 'a limit is not free again when a gift came back',
    file: `${EARNING}/campaigns/campaigns.ts`,
    tests: TIERS,
    find: 'isWhole && isGift(campaign) && !isBack(state)',
    replace: 'false && isGift(campaign)',
  },
  {
    name: 'a voucher that waits is not withdrawn',
    file: `${REWARDS}/gift-vouchers.ts`,
    tests: VOUCHERS,
    find: "if (known.state !== 'waiting' && known.state !== 'issued') return null;",
    replace: "if (known.state !== 'issued') return null;",
  },
  {
    name: 'a voucher that is handed out again takes another unit',
    file: `${REWARDS}/gift-vouchers.ts`,
    tests: VOUCHERS,
    find: "const isOpen = known !== undefined && known.state !== 'withdrawn';",
    replace: 'const isOpen = known === fresh;',
  },
  {
    name: 'what was withdrawn does not go back to its pool',
    file: `${REWARDS}/gift-vouchers.ts`,
    tests: VOUCHERS,
    find: 'const moves = shard === null ? []',
    replace: 'const moves = shard !== undefined ? []',
  },
  {
    name: 'a voucher stays when its whole order came back',
    file: `${EARNING}/campaigns/voucher-gifts.ts`,
    tests: VOUCHERS,
    find: 'isBack(state) ? [] : vouchersOfOrder(state, version)',
    replace: 'vouchersOfOrder(state, version)',
  },
  {
    name: 'an amendment has the cap of its order twice',
    file: `${EARNING}/campaigns/campaigns.ts`,
    tests: PERCENT,
    find: "cap === null || campaign.cap?.per === 'order' ? cap : cap + granted",
    replace: 'cap === null ? cap : cap + granted',
  },
];
