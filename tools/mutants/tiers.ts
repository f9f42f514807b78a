// Faults in what is announced of tiers, in members' own years, and in how long points live by tier.
const EARNING = 'src/modules/earning';
const PROGRAM = 'src/modules/program';
const COURSE = { file: `${EARNING}/tiers/tier-course.ts`, tests: [`${EARNING}/tiers/tier-course.test.ts`] };
const CHANGES = ['test/journeys/tier-changes.test.ts'];

export const TIER_MUTANTS = [
  {
    ...COURSE,
    name: 'a change of a tier that nobody saw in time is told once, however many there were',
    find: 'let at = Math.max(nextAt, seenAt ?? nextAt);',
    replace: 'let at = Math.max(now, seenAt ?? nextAt);',
  },
  {
    ...COURSE,
    name: 'a tier does not fall when a grant ends',
    find: 'for (const edge of [from, until, end',
    replace: 'for (const edge of [from, end',
  },
  {
    file: COURSE.file,
    name: 'what comes late is told as if it had come now',
    tests: CHANGES,
    find: 'isLate ? markedAt : at, isLate',
    replace: 'at, isLate',
  },
  {
    name: 'a grace is not looked at when it ends',
    file: `${PROGRAM}/tiers.ts`,
    tests: COURSE.tests,
    find: 'if (end > at) ends.push(end);',
    replace: 'if (end > at && tiers.grace === null) ends.push(end);',
  },
  {
    name: 'what came back counts before it came back',
    file: `${EARNING}/tiers/tier-sums.ts`,
    tests: COURSE.tests,
    find: 'if (happenedAt <= known) break;',
    replace: 'if (happenedAt > 0) break;',
  },
  {
    name: 'the year of a member begins on the day after the enrolment',
    file: `${PROGRAM}/tiers.ts`,
    tests: COURSE.tests,
    find: "startOf('day', enrolledAt, timeZone);",
    replace: "startOf('day', enrolledAt, timeZone, 1);",
  },
  {
    name: 'a purchase that left a window comes in again on a leap day',
    file: `${PROGRAM}/tiers.ts`,
    tests: [`${PROGRAM}/tiers.test.ts`],
    find: 'if (localTime(shifted, timeZone).day === localTime(at, timeZone).day)',
    replace: 'if (at > 0)',
  },
  {
    name: 'a purchase that left a window comes in again while clocks show an hour twice',
    file: `${PROGRAM}/tiers.ts`,
    tests: [`${PROGRAM}/tiers.test.ts`],
    find: 'step < MOST_STEPS',
    replace: 'step < 0',
  },
  {
    name: 'an order that does not raise a tier is looked at all the same, and one that does is not',
    file: `${EARNING}/tiers/tiers.ts`,
    tests: CHANGES,
    find: 'placeAt(tiers, at, more, enrolledAt) > before',
    replace: 'placeAt(tiers, at, more, enrolledAt) < before',
  },
  {
    name: 'an order behind a later return makes nobody due',
    file: `${EARNING}/tiers/tier-marks.ts`,
    tests: CHANGES,
    find: 'if (!isInTurn || hasMoreAfter(facts, question))',
    replace: 'if (!isInTurn)',
  },
  {
    name: 'other rules are not compared for those of whom nothing was announced',
    file: `${EARNING}/tiers/tier-watch.ts`,
    tests: CHANGES,
    find: 'placeOf(facts, question) !== 0',
    replace: 'placeOf(facts, question) === -1',
  },
  {
    name: 'the points of a tier live as long as those of all',
    file: `${EARNING}/terms.ts`,
    tests: [`${EARNING}/terms.test.ts`],
    find: 'return own === undefined ? expires : own;',
    replace: 'return own ?? expires;',
  },
];
