// Mistakes in what campaigns do (percentages, tiers and vouchers), and in the conditions of rules.
const EARNING = 'src/modules/earning';
const PERCENT = ['test/journeys/percent.test.ts'];
const TIERS = ['test/journeys/tier-campaigns.test.ts'];
const VOUCHERS = ['test/journeys/voucher-campaigns.test.ts'];
const VOUCHER_LIMITS = ['test/journeys/voucher-limits.test.ts'];
const CHALLENGE_ANSWERS = ['test/journeys/challenge-answers.test.ts'];
const REWARDS = 'src/modules/rewards';
const RULES = ['test/journeys/rule-conditions.test.ts'];
const GOLDEN = ['src/modules/program/conditions/golden.test.ts'];
const MODEL = [`${EARNING}/campaigns/effects.test.ts`];

export const EFFECT_MUTANTS = [
  {
    name: 'the voucher of a campaign exceeds the limit of its reward',
    file: `${REWARDS}/catalogue.ts`,
    tests: VOUCHER_LIMITS,
    find: '  ...isUsedUp(reward, used),\n];',
    replace: '];',
  },
  {
    name: 'the voucher of a campaign is given though its reward has ended',
    file: `${REWARDS}/catalogue.ts`,
    tests: VOUCHER_LIMITS,
    find: '  ...isOver(reward, now),\n',
    replace: '',
  },
  {
    name: 'vouchers of campaigns do not count for the limit of their reward',
    file: `${REWARDS}/uses.store.ts`,
    tests: VOUCHER_LIMITS,
    find: '(redeemed.count + given.count)',
    replace: '(redeemed.count)',
  },
  {
    name: 'vouchers of one batch do not see each other',
    file: `${REWARDS}/gift-vouchers.ts`,
    tests: VOUCHER_LIMITS,
    find: "if (voucher.state === 'issued') noteUse(facts, use, 1);",
    replace: '',
  },
  {
    name: 'a voucher that was refused is told again whenever its step is carried out',
    file: `${REWARDS}/gift-vouchers.facts.ts`,
    tests: VOUCHER_LIMITS,
    find: "known === undefined || known.state === 'withdrawn';",
    replace: "known === undefined || known.state === 'withdrawn' || known.state === 'refused';",
  },
  {
    name: 'the code of a voucher is handed out before its reward begins',
    file: `${REWARDS}/gift-vouchers.ts`,
    tests: VOUCHER_LIMITS,
    find: 'if (early.length > 0) return rewardUnavailable(reward, early);',
    replace: '',
  },
  {
    name: 'a return that is sent again forgets which goals it took back',
    file: `${EARNING}/orders/returns.ts`,
    tests: CHALLENGE_ANSWERS,
    find: 'stored.goals = goals.get(stored.id) ?? []',
    replace: 'stored.goals = []',
  },
  {
    name: 'an order names progress in a challenge that is closed',
    file: `${EARNING}/campaigns/gifts.wire.ts`,
    tests: CHALLENGE_ANSWERS,
    find: "'challenge' in effect && open.includes(effect.challenge)",
    replace: "'challenge' in effect && open",
  },
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
    find: 'if (isGift(campaign)) return true;',
    replace: 'if (isGift(campaign)) return false;',
  },
  {
    name: 'a voucher that waits is not withdrawn',
    file: `${REWARDS}/gift-vouchers.ts`,
    tests: VOUCHERS,
    find: "if (known.state === 'revealed' || known.state === 'withdrawn') return null;",
    replace: "if (known.state !== 'issued') return null;",
  },
  {
    name: 'a voucher that is handed out again takes another unit',
    file: `${REWARDS}/gift-vouchers.ts`,
    tests: VOUCHERS,
    find: 'known === undefined || isNothing(known)',
    replace: 'true',
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
  {
    name: 'a rule whose condition cannot be judged gives its points',
    file: `${EARNING}/orders/order-rules.ts`,
    tests: [`${EARNING}/orders/order-rules.test.ts`],
    find: 'return holds === true;',
    replace: 'return holds !== false;',
  },
  {
    name: 'nobody is told that the condition of a rule could not be judged',
    file: `${EARNING}/campaigns/campaigns.ts`,
    tests: RULES,
    find: 'noteFaultsOfRules(order, version, faults);',
    replace: '',
  },
  {
    name: 'activities that do not meet the condition of a rule use up its limit',
    file: `${EARNING}/activities/activities.rules.ts`,
    tests: RULES,
    find: 'const uses = counting\n',
    replace: 'const uses = (type?.rules ?? [])\n',
  },
  {
    name: 'the condition of a rule on orders may ask for the member',
    file: 'src/modules/program/conditions/scopes.ts',
    tests: GOLDEN,
    find: "variables: only('order', 'time'),",
    replace: 'variables: VARIABLES,',
  },
  {
    name: 'an attribute of another type than its activity declares is taken as it is',
    file: 'src/modules/program/conditions/names.ts',
    tests: GOLDEN,
    find: 'isFault(value) || is(value) ? value : wrong',
    replace: 'isFault(value) || is(value) ? value : value',
  },
];
