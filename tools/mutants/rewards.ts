// Mistakes in rewards, their codes and prices.
const REWARDS = 'src/modules/rewards';
const ONE_BATCH = ['test/journeys/one-after-the-other.test.ts'];
const REASONS = ['test/journeys/reward-reasons.test.ts'];
const ROTATION = ['test/journeys/code-rotation.test.ts'];
const SEALING = [`${REWARDS}/sealing.test.ts`];

export const REWARD_MUTANTS = [
  {
    name: 'a redemption of another program can be captured',
    file: `${REWARDS}/changing.ts`,
    tests: ['test/journeys/tenants.test.ts'],
    find: 'if (owner?.programId !== program.id)',
    replace: 'if (owner === undefined)',
  },
  {
    name: 'whose a redemption is, is told of another one',
    file: 'src/modules/ledger/owners.ts',
    tests: ['src/modules/ledger/owners.test.ts'],
    find: 'return ids.map(id => found.get(id));',
    replace: 'return ids.map(() => [...found.values()][0]);',
  },
  {
    name: 'a code opens in any program',
    file: `${REWARDS}/vouchers.ts`,
    tests: SEALING,
    find: 'seal.open(sealed, context(programId))',
    replace: 'seal.open(sealed, context(1))',
  },
  {
    name: 'points are taken for a code that nobody can read',
    file: `${REWARDS}/facts.ts`,
    tests: SEALING,
    find: 'vouchers.open(programId, code) === undefined ? unreadable() : accept(code)',
    replace: 'accept(code)',
  },
  {
    name: 'an engine starts with another secret than that of the codes',
    file: `${REWARDS}/sealing.ts`,
    tests: SEALING,
    find: 'if (!readsAll(vouchers, own)) throw',
    replace: 'if (lost && !readsAll(vouchers, own)) throw',
  },
  {
    name: 'an engine starts without the secret that some codes still need',
    file: `${REWARDS}/rotation.ts`,
    tests: ROTATION,
    find: 'has(keyId) && (before === null || has(before))',
    replace: 'has(keyId)',
  },
  {
    name: 'a code is taken for a new one while the secret changes',
    file: `${REWARDS}/codes.store.ts`,
    tests: ROTATION,
    find: 'where u.otherwise is null or not exists (',
    replace: 'where u.otherwise is not null or not exists (',
  },
  {
    name: 'nobody waits for the last code of a pool while it is encrypted anew',
    file: `${REWARDS}/codes.store.ts`,
    tests: ROTATION,
    find: 'at.length < most ?',
    replace: 'at.length > most ?',
  },
  {
    name: 'what was tried again ignores the limit of its reward',
    file: `${REWARDS}/gift-vouchers.facts.ts`,
    tests: ['test/journeys/voucher-limits.test.ts'],
    find: "(step === 'retry' && known?.state === 'refused')",
    replace: "(step === 'retry' && known?.state === 'waiting')",
  },
  {
    name: 'the next page of refused vouchers begins with the last one of this page',
    file: `${REWARDS}/gift-vouchers.store.ts`,
    tests: ['test/journeys/voucher-retries.test.ts'],
    find: "v.state = 'refused' and v.id > $2::bigint",
    replace: "v.state = 'refused' and v.id >= $2::bigint",
  },
  {
    name: 'what another call gave meanwhile is counted as given by this one',
    file: `${REWARDS}/gift-vouchers.retrying.ts`,
    tests: ['test/journeys/voucher-retries.test.ts'],
    find: "!changed ? 'meanwhile' : voucher",
    replace: 'voucher',
  },
  {
    name: 'all refused vouchers of a program are tried again for one campaign',
    file: `${REWARDS}/gift-vouchers.store.ts`,
    tests: ['test/journeys/voucher-retries.test.ts'],
    find: '($3::text is null or v.campaign = $3::text)',
    replace: '($3::text is null or v.campaign is not null)',
  },
  {
    name: 'a rotation is done before all codes are',
    file: `${REWARDS}/rotation.ts`,
    tests: ROTATION,
    find: 'if (page.length === 0) {',
    replace: 'if (page.length < PAGE || rotated > 0n) {',
  },
  {
    name: 'a redemption does not see the tier that was granted before it in the batch',
    file: `${REWARDS}/redemptions.ts`,
    tests: ONE_BATCH,
    find: "'rerate_activity', 'tier_grant', 'tier_grant_end'];",
    replace: "'rerate_activity', 'tier_grant_end'];",
  },
  {
    name: 'who has left a household can still redeem in the same batch',
    file: `${REWARDS}/redemptions.ts`,
    tests: ONE_BATCH,
    find: "if (body.by !== null) return ['household_change'];",
    replace: 'if (body.by !== null) return [];',
  },
  {
    name: 'a price for a tier and a segment is for who has one of them',
    file: `${REWARDS}/catalogue.ts`,
    tests: REASONS,
    find: '(tiers === null || (tier !== null && tiers.has(tier))) && (segments === null || segments.some(isIn))',
    replace:
      '(tiers === null || (tier !== null && tiers.has(tier))) || (segments === null || segments.some(isIn))',
  },
  {
    name: 'what a member bought is not known when its segments are asked for a price',
    file: `${REWARDS}/facts.ts`,
    tests: REASONS,
    find: 'history: reads.history }] : [];',
    replace: 'history: false }] : [];',
  },
  {
    name: 'time that is asked to pass again under its key passes again',
    file: 'src/modules/program/passing.ts',
    tests: ['test/journeys/passing.test.ts'],
    find: 'if (kept.asked === passage.by) return accept(kept.target);',
    replace: 'if (kept.asked === passage.by) return target;',
  },
  {
    name: 'a publication that is sent again is held against what its budgets have given since',
    file: 'src/modules/program/publishing.ts',
    tests: ['test/journeys/plans.test.ts'],
    find: 'if (isSameDocument((await versionOf(tx, head, head.version)).document, document)) return checked;',
    replace: '',
  },
];
