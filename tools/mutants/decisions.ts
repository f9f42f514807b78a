// Faults in what decides about orders: tiers, campaigns, late orders, and history decided again.
const EARNING = 'src/modules/earning';
const TIERS = 'src/modules/program/tiers.ts';
const JOURNEYS = (name: string) => [`test/journeys/${name}.test.ts`];

export const DECISION_MUTANTS = [
  {
    name: 'a level begins above its sum',
    file: TIERS,
    tests: JOURNEYS('tiers'),
    find: 'from !== null && sum >= from',
    replace: 'from !== null && sum > from',
  },
  {
    name: 'a year ends without a grace',
    file: TIERS,
    tests: JOURNEYS('tiers'),
    find: 'inGrace ? before : 0',
    replace: '0',
  },
  {
    name: 'a tier falls as far as it can although one level at most was said',
    file: TIERS,
    tests: JOURNEYS('tiers'),
    find: "tiers.downgrade === 'one_level' ? Math.max(reachedBefore, before - 1, 0) : reachedBefore",
    replace: 'reachedBefore',
  },
  {
    name: 'the window of a tier holds its first instant',
    file: TIERS,
    tests: JOURNEYS('tiers'),
    find: 'return addDuration(at, window.rolling, timeZone, -1);',
    replace: 'return addDuration(at, window.rolling, timeZone, -1) - 1;',
  },
  {
    name: 'what came back later is taken off for a late order from before',
    file: `${EARNING}/timeline.ts`,
    tests: JOURNEYS('tiers'),
    find: 'row.memberId === memberId && row.happenedAt > at',
    replace: 'row.memberId === memberId && row.happenedAt < at',
  },
  {
    name: 'an order does not see those before it in the batch',
    file: `${EARNING}/timeline.ts`,
    tests: JOURNEYS('tiers'),
    find: 'if (anchor > after && anchor <= until && happenedAt <= at) sum += change[by];',
    replace: '',
  },
  {
    name: 'the lowest multiplier wins',
    file: `${EARNING}/campaigns.ts`,
    tests: JOURNEYS('campaigns'),
    find: '(compare(b.by, a.by) > 0 ? b : a)',
    replace: '(compare(b.by, a.by) < 0 ? b : a)',
  },
  {
    name: 'a revision keeps what it does not take any more',
    file: `${EARNING}/orders.ts`,
    tests: JOURNEYS('campaigns'),
    find: 'finish(application, version, facts.campaigns);',
    replace: '',
  },
  {
    name: 'the holdout is forgotten',
    file: `${EARNING}/campaigns.ts`,
    tests: JOURNEYS('campaigns'),
    find: '/ 2 ** 32 < holdout.share',
    replace: '/ 2 ** 32 < 0',
  },
  {
    name: 'a condition that cannot be judged counts as met',
    file: `${EARNING}/campaigns.ts`,
    tests: JOURNEYS('campaigns'),
    find: 'return holds === true;',
    replace: 'return holds !== false;',
  },
  {
    name: 'a limit counts uses of other periods',
    file: `${EARNING}/uses.ts`,
    tests: JOURNEYS('campaigns'),
    find: 'for (const use of uses) if (use.at >= first && use.at <= last) count += use.count;',
    replace: 'for (const use of uses) count += use.count;',
  },
  {
    name: 'a cooldown looks only back',
    file: `${EARNING}/uses.ts`,
    tests: JOURNEYS('campaigns'),
    find: 'use.at < addDuration(at, cooldown, timeZone),',
    replace: 'use.at <= at,',
  },
  {
    name: 'an order at the same instant counts as late',
    file: `${EARNING}/late.ts`,
    tests: JOURNEYS('late'),
    find: 'newest > occurredAt',
    replace: 'newest >= occurredAt',
  },
  {
    name: 'a re-rating decides in the order of arrival',
    file: `${EARNING}/rerates.store.ts`,
    tests: JOURNEYS('rerate'),
    find: 'order by t.member_id, t.happened_at, t.id',
    replace: 'order by t.member_id, t.id',
  },
  {
    name: 'after a re-rating returns go by the version of before',
    file: `${EARNING}/facts.ts`,
    tests: JOURNEYS('rerate'),
    find: 'states.set(orderId, { ...before, programVersion, applied, grants });',
    replace: 'states.set(orderId, { ...before, applied, grants });',
  },
  {
    name: 'a backtest does not give back what a return gave back',
    file: `${EARNING}/backtest.ts`,
    tests: JOURNEYS('backtest'),
    find: 'addUses(this.uses, returnToCampaigns(before, after, version, decided, campaigns));',
    replace: '',
  },
];
