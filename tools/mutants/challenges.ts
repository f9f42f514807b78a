// Mistakes in challenges and badges.
const EARNING = 'src/modules/earning';
const PURE = [`${EARNING}/challenges/challenges.test.ts`];
const JOURNEY = ['test/journeys/challenges.test.ts'];
const REPLAY = ['test/journeys/replay.test.ts'];

export const CHALLENGE_MUTANTS = [
  {
    name: 'a goal of a challenge is given once more than its target says',
    file: `${EARNING}/challenges/challenges.ts`,
    tests: PURE,
    find: 'if (need > amount) return;',
    replace: 'if (need >= amount) return;',
  },
  {
    name: 'a goal is given again for each order beyond its target',
    file: `${EARNING}/challenges/challenges.ts`,
    tests: PURE,
    find: '[...placesAt(challenge, amount)].filter(place => !isKept(place));',
    replace: '[...placesAt(challenge, amount)];',
  },
  {
    name: 'a goal stays given when what reached it comes back',
    file: `${EARNING}/challenges/challenges.ts`,
    tests: PURE,
    find: 'given.filter(({ need }) => amount < need);',
    replace: 'given.filter(({ need }) => amount < need && amount < 0n);',
  },
  {
    name: 'a revision of an order counts beside the one before it',
    file: `${EARNING}/challenges/challenges.decide.ts`,
    tests: JOURNEY,
    find: 'const progress = replaced(state.progress, before ?? null, part);',
    replace: 'const progress = replaced(state.progress, null, part);',
  },
  {
    name: 'a challenge begins anew by the days of UTC, not of its time zone',
    file: `${EARNING}/challenges/challenges.facts.ts`,
    tests: JOURNEY,
    find: 'dateOf(dayIn(timeZone, startOf(every, at, timeZone)))',
    replace: "dateOf(dayIn('UTC', startOf(every, at, 'UTC')))",
  },
  {
    name: 'later rows of a call do not see what earlier ones did to challenges',
    file: `${EARNING}/facts.ts`,
    tests: JOURNEY,
    find: 'if (added?.challenges !== undefined) keepSteps(facts.challenges, added.challenges);',
    replace: '',
  },
  {
    name: 'what a campaign adds to a challenge stays when the whole order has come back',
    file: `${EARNING}/challenges/challenges.decide.ts`,
    tests: ['test/journeys/challenges-sequences.test.ts'],
    find: 'const part = { value: (own?.value ?? 0n) + (isBack(state) ? 0n : extra), day: step.day };',
    replace: 'const part = { value: (own?.value ?? 0n) + extra, day: step.day };',
  },
  {
    name: 'points of a challenge that have expired are taken a second time',
    file: `${EARNING}/challenges/challenges.posting.ts`,
    tests: JOURNEY,
    find: 'return draft.clawback(all, [lot], lapsed, version.ifSpent, happenedAt, ref);',
    replace: 'return draft.clawback(all, [lot], lapsed * 0n, version.ifSpent, happenedAt, ref);',
  },
  {
    name: 'a condition of a challenge that cannot be judged counts as met',
    file: `${EARNING}/challenges/challenges.decide.ts`,
    tests: ['test/journeys/challenges-sequences.test.ts'],
    find: 'return holds === true;',
    replace: 'return holds !== false;',
  },
  {
    name: 'points of a challenge that come back count towards the tier still',
    file: `${EARNING}/challenges/challenges.posting.ts`,
    tests: JOURNEY,
    find: '...taken.flatMap(({ award }) => row(award, -1n)),',
    replace: '',
  },
  {
    name: 'a backtest lets challenges of orders outside its period begin at nothing',
    file: `${EARNING}/replay/backtest.challenges.ts`,
    tests: REPLAY,
    find: 'this.keep(steps);\n    return steps;',
    replace: 'return steps;',
  },
  {
    name: 'a badge by hand that was withdrawn cannot be awarded again',
    file: `${EARNING}/challenges/badge-awards.ts`,
    tests: [`${EARNING}/challenges/badge-awards.test.ts`],
    find: 'award.badge === badge && award.withdrawal === null',
    replace: 'award.badge === badge',
  },
  {
    name: 'a badge by hand is withdrawn twice in one batch',
    file: `${EARNING}/challenges/badge-awards.ts`,
    tests: [`${EARNING}/challenges/badge-awards.test.ts`],
    find: 'evolve: (facts, { award }) => keep(facts, award),',
    replace: 'evolve: () => undefined,',
  },
  {
    name: 'any name is a badge that can be awarded by hand',
    file: `${EARNING}/challenges/badge-awards.ts`,
    tests: [`${EARNING}/challenges/badge-awards.test.ts`],
    find: '!Object.hasOwn(badges, badge)',
    replace: '!(badge in badges)',
  },
  {
    name: 'a badge by hand hides the same one of a challenge',
    file: `${EARNING}/challenges/challenges.routes.ts`,
    tests: ['test/journeys/badge-awards.test.ts'],
    find: '...stored.flatMap(({ challenge, state }) => state.awards.flatMap(award => given(challenge, award))),',
    replace:
      '...stored.flatMap(({ challenge, state }) => state.awards.flatMap(award => given(challenge, award))).filter(own => !byHand.some(({ badge }) => badge === own.badge)),',
  },
  {
    name: 'the first answer of an award tells what became of it since',
    file: `${EARNING}/challenges/badge-awards.store.ts`,
    tests: ['test/journeys/badge-awards.test.ts'],
    find: '{ stored: { ...asAward(row), withdrawal: null }, posted: NOTHING_POSTED }',
    replace: '{ stored: asAward(row), posted: NOTHING_POSTED }',
  },
];
