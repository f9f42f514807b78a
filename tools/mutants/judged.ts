// Faults in what is recorded and alarmed of conditions that could not be judged.
const EARNING = 'src/modules/earning';
const LEDGER = 'src/modules/ledger';
const tests = ['test/journeys/not-judged.test.ts'];

export const JUDGED_MUTANTS = [
  {
    name: 'a challenge that could not be judged is dropped in silence',
    file: `${EARNING}/challenges/challenges.decide.ts`,
    tests,
    find: "if (typeof holds === 'object') note({ ref: challenge.ref, reason: holds.reason });",
    replace: '',
  },
  {
    name: 'a segment that a campaign and a challenge ask for is told twice',
    file: `${EARNING}/challenges/challenges.decide.ts`,
    tests,
    find: 'if (!faults.some(({ ref }) => ref === fault.ref)) faults.push(fault);',
    replace: 'faults.push(fault);',
  },
  {
    name: 'a rule on an activity that could not be judged is not noted',
    file: `${EARNING}/activities/activities.rules.ts`,
    tests,
    find: 'rulesFor(activity, version, fault => faults.push(fault))',
    replace: 'rulesFor(activity, version)',
  },
  {
    name: 'what could not be judged of an activity is not kept',
    file: `${EARNING}/activities/activities.store.ts`,
    tests,
    find: 'faults.length === 0 ? null : JSON.stringify(faults.map(faultToJson))',
    replace: 'faults.length === 0 ? null : null',
  },
  {
    name: 'the answer of an order does not say what could not be judged',
    file: `${EARNING}/orders/orders.ts`,
    tests,
    find: '...notJudgedTold(applied.faults),',
    replace: '',
  },
  {
    name: 'the order as it stands does not say what could not be judged',
    file: `${EARNING}/routes.ts`,
    tests,
    find: '...notJudgedTold(state.applied.faults),',
    replace: '',
  },
  {
    name: 'what was committed without a condition alarms nobody',
    file: `${LEDGER}/runner.ts`,
    tests,
    find: 'for (const decision of decided.notJudged) this.options.observer.notJudged(decision);',
    replace: '',
  },
  {
    name: 'what was known not to be judged is counted again when it is re-rated',
    file: `${EARNING}/replay/rerate.ts`,
    tests,
    find: 'reverses || state.applied.faults.some(known => known.ref === ref)',
    replace: 'reverses',
  },
  {
    name: 'a re-rating that is taken back is counted',
    file: `${EARNING}/replay/rerate.ts`,
    tests,
    find: 'reverses || state.applied.faults.some(known => known.ref === ref)',
    replace: 'state.applied.faults.some(known => known.ref === ref)',
  },
  {
    name: 'what a re-rating cannot judge of an activity alarms nobody',
    file: `${EARNING}/replay/rerate-activity.ts`,
    tests,
    find: '!reverses && body.version !== state.programVersion && notJudged(state, version)',
    replace: 'false',
  },
  {
    name: 'a re-rating forgets what challenges could not judge',
    file: `${EARNING}/replay/rerates.plan.ts`,
    tests,
    find: 'state.applied.faults.filter(({ ref }) => isChallenge(program, ref))',
    replace: 'state.applied.faults.filter(({ ref }) => ref === program.name)',
  },
  {
    name: 'a backtest counts what a draft cannot judge as what happened',
    file: `${EARNING}/replay/backtest.ts`,
    tests,
    find: 'draftFaults: applied.faults,',
    replace: 'draftFaults: stored.applied.faults,',
  },
  {
    name: 'of the alarm each version of a rule has a label of its own',
    file: `${EARNING}/not-judged.alarm.ts`,
    tests: [`${EARNING}/not-judged.alarm.test.ts`],
    find: "ref.slice(0, ref.lastIndexOf('@'))",
    replace: 'ref',
  },
  {
    name: 'the labels of the alarm grow for ever',
    file: `${EARNING}/not-judged.alarm.ts`,
    tests: [`${EARNING}/not-judged.alarm.test.ts`],
    find: 'if (counted.size < MOST_COUNTED) counted.add(key);',
    replace: 'counted.add(key);',
  },
  {
    name: 'the bounded log writes every line',
    file: 'src/platform/observe/sparing.ts',
    tests: ['src/platform/observe/sparing.test.ts'],
    find: 'own.lines > LINES_A_SECOND',
    replace: 'own.lines < 0',
  },
];
