// Faults in what decides history again, or compares what is stored with it.
const EARNING = 'src/modules/earning';
const JOURNEYS = (name: string) => [`test/journeys/${name}.test.ts`];

export const REPLAY_MUTANTS = [
  {
    name: 'a backtest rewards a streak again that was rewarded before the period',
    file: `${EARNING}/replay/backtest.activities.ts`,
    tests: JOURNEYS('replay'),
    find: 'follow(stateOf(facts.streaks, question), day, reached)',
    replace: 'follow(stateOf(facts.streaks, question), day, [])',
  },
  {
    name: 'activities from before the period do not count for limits in a backtest',
    file: `${EARNING}/replay/backtest.activities.ts`,
    tests: JOURNEYS('replay'),
    find: 'if (points !== undefined && isCounted(rule))',
    replace: 'if (points === undefined && isCounted(rule))',
  },
  {
    name: 'a backtest pays no friend whom the draft pays with another order',
    file: `${EARNING}/replay/backtest.referrals.ts`,
    tests: JOURNEYS('replay'),
    find: 'SIDES.filter(side => !isToCome(known, step, side))',
    replace: 'SIDES.filter(() => false)',
  },
  {
    name: 'a backtest pays a friend before history does',
    file: `${EARNING}/replay/backtest.referrals.ts`,
    tests: JOURNEYS('replay'),
    find: 'SIDES.filter(side => !isToCome(known, step, side))',
    replace: 'SIDES.filter(() => true)',
  },
  {
    name: 'what a friend brings does not count towards the tier in a backtest',
    file: `${EARNING}/replay/backtest.ts`,
    tests: JOURNEYS('replay'),
    find: '    this.place(rows);\n',
    replace: '',
  },
  {
    name: 'a redemption that fails in a backtest takes its points all the same',
    file: `${EARNING}/replay/backtest.run.ts`,
    tests: JOURNEYS('backtest'),
    find: 'let change = before;',
    replace: 'let change = 0n;',
  },
  {
    name: 'a re-rating goes by the qualifying points of the wrong rule',
    file: `${EARNING}/replay/rerates.plan.ts`,
    tests: JOURNEYS('rerate'),
    find: 'for (const own of requalify(state, item)) add(timeline, own);',
    replace: 'for (const own of requalify(state, null)) add(timeline, own);',
  },
  {
    name: 'a re-rating of activities leaves the uses of their rules as they were',
    file: `${EARNING}/replay/rerate-activity.ts`,
    tests: JOURNEYS('rerate-activities'),
    find: 'uses: usesBetween(state, { version, verdict }, program)',
    replace: 'uses: [] as ReturnType<typeof usesBetween>',
  },
  {
    name: 'a re-rating of activities forgets days of a streak that earn nothing',
    file: `${EARNING}/replay/rerates.activities.ts`,
    tests: JOURNEYS('rerate-activities'),
    find: 'if (change.length === 0 && movesTheSame(before, verdict)) return null;',
    replace: 'if (change.length === 0) return null;',
  },
  {
    name: 'a plan decides orders by the points that activities had before',
    file: `${EARNING}/replay/rerates.plan.ts`,
    tests: JOURNEYS('rerate-activities'),
    find: 'for (const row of activities.rows) add(timeline, row);',
    replace: '',
  },
  {
    name: 'a re-rating of activities that is taken back keeps the streak that it made',
    file: `${EARNING}/replay/rerate-activity.ts`,
    tests: JOURNEYS('rerate-activities'),
    find: 'moved: moved(state.verdict, verdict).map(',
    replace: 'moved: (body.reverses ? [] : moved(state.verdict, verdict)).map(',
  },
  {
    name: 'verify takes for given back what a return kept',
    file: `${EARNING}/verification.ts`,
    tests: JOURNEYS('verification'),
    find: 'version === null && !campaign.giveBack ? null : id',
    replace: 'id',
  },
];
