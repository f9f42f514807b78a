// Mistakes in activities, streaks and referrals.
const EARNING = 'src/modules/earning';
const STREAKS = [`${EARNING}/activities/streaks.test.ts`];
const ACTIVITIES = ['test/journeys/activities.test.ts'];
const REFERRALS = ['test/journeys/referrals.test.ts'];

export const ACTIVITIES_MUTANTS = [
  {
    name: 'a late day has the lengths of a streak rewarded again',
    file: `${EARNING}/activities/streaks.ts`,
    tests: STREAKS,
    find: 'length <= run.length && !paid.some(([known]) => known === length)',
    replace: 'length <= run.length && !paid.some(([known, at]) => known === length && at === day)',
  },
  {
    name: 'a gap over the end of a month takes all its freezes of one month',
    file: `${EARNING}/activities/streaks.ts`,
    tests: STREAKS,
    find: 'if (to - from + 1 > 2 * freezes) return false;',
    replace: 'if (to - from + 1 > freezes) return false;',
  },
  {
    name: "a day of a streak is one of the program's calendar",
    file: `${EARNING}/activities/streaks.facts.ts`,
    tests: ACTIVITIES,
    find: 'members.get(factsKey({ holderId: memberId, at }))?.profile.timeZone ?? timeZone',
    replace: 'timeZone',
  },
  {
    name: 'what an activity counted for is not seen by the next row of the call',
    file: `${EARNING}/activities/activities.ts`,
    tests: ACTIVITIES,
    find: 'addUses(facts.activities.uses, added?.uses ?? []);',
    replace: '',
  },
  {
    name: 'two who close a ring from both sides do not wait for each other',
    file: `${EARNING}/referrals/referrals.facts.ts`,
    tests: REFERRALS,
    find: 'if (write && locked.length > 0) await lockReferrals(tx, locked);',
    replace: 'if (write && locked.length > 999) await lockReferrals(tx, locked);',
  },
  {
    name: 'only a ring of two is seen',
    file: `${EARNING}/referrals/referrals.ts`,
    tests: REFERRALS,
    find: 'above !== undefined; above = referrers.get(above)',
    replace: 'above !== undefined; above = undefined',
  },
  {
    name: 'a referral that was revoked is revoked again by the next return',
    file: `${EARNING}/referrals/referrals.facts.ts`,
    tests: REFERRALS,
    find: 'referral === undefined || referral.isRevoked',
    replace: 'referral === undefined',
  },
  {
    name: "another program's activity is read",
    file: `${EARNING}/activities/activities.reading.ts`,
    tests: ['test/journeys/tenants.test.ts'],
    find: 'if (found?.stored.programId !== programId)',
    replace: 'if (found === undefined)',
  },
  {
    name: 'an activity is read as it was decided first',
    file: `${EARNING}/activities/activities.reading.ts`,
    tests: ['test/journeys/rerate-activities.test.ts'],
    find: 'reratings.reduce(decidedAgain, firstState(stored, program))',
    replace: 'firstState(stored, program)',
  },
  {
    name: 'an activity that was re-rated tells what the first version could not judge',
    file: `${EARNING}/activities/activities.reading.ts`,
    tests: ['test/journeys/not-judged.test.ts'],
    find: 'isFirst ? stored.faults : faultsOf(stored.activity, version)',
    replace: 'stored.faults',
  },
];
