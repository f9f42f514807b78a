// Mistakes in when points become usable and expire, in reminders, and in how the time of a test program passes.
const LEDGER = 'src/modules/ledger';
const EARNING = 'src/modules/earning';
const PROGRAM = 'src/modules/program';
const PLAIN = [`${LEDGER}/terms.test.ts`];
const TERMS = ['test/journeys/terms.test.ts'];
const PASSING = ['test/journeys/passing.test.ts'];

export const TERMS_MUTANTS = [
  {
    name: 'a late order moves the date of inactivity back',
    file: `${LEDGER}/overlay.ts`,
    tests: PLAIN,
    find: 'if (sums.activeAt !== null && at <= sums.activeAt) return;',
    replace: '',
  },
  {
    name: 'a hold is no activity',
    file: `${LEDGER}/draft.ts`,
    tests: PLAIN,
    find: "this.active(occurredAt);\n    const taken = this.take(points);\n    const entry = this.write('hold'",
    replace: "const taken = this.take(points);\n    const entry = this.write('hold'",
  },
  {
    name: 'points come back with the date of inactivity as it stood when they were taken',
    file: `${LEDGER}/draft.ts`,
    tests: PLAIN,
    find: 'expiresAt: expiryOf(part, this.sums.activeAt),',
    replace: 'expiresAt: part.expiresAt,',
  },
  {
    name: 'points that waited in vain are activated',
    file: `${LEDGER}/draft.ts`,
    tests: PLAIN,
    find: "at(opens)[lot.cancels ? 'cancels' : 'opens'].push(lot);",
    replace: "at(opens)['opens'].push(lot);",
  },
  {
    name: 'points that were given up are taken again from other points when their order comes back',
    file: `${LEDGER}/store.ts`,
    tests: TERMS,
    find: "(e.kind = 'expire' or (e.kind = 'cancel' and e.rule is null))",
    replace: "e.kind = 'expire'",
  },
  {
    name: 'a wallet stays due although nothing came of it',
    file: `${LEDGER}/settlement.ts`,
    tests: TERMS,
    find: 'draft.wasDue',
    replace: 'draft.entries.length > 0',
  },
  {
    name: 'points wait for an event that has happened already',
    file: `${EARNING}/terms.ts`,
    tests: [`${EARNING}/terms.test.ts`],
    find: 'if (happened.has(pending.event)) return { availableFrom: null };',
    replace: '',
  },
  {
    name: 'any event makes points usable',
    file: `${EARNING}/orders/events.ts`,
    tests: TERMS,
    find: 'waitsFor(program, ref) !== body.type',
    replace: 'waitsFor(program, ref) === undefined',
  },
  {
    name: 'points that came after the instant of a reminder are counted in it',
    file: `${LEDGER}/reminders.ts`,
    tests: PASSING,
    find: 'openedAt <= body.at',
    replace: 'openedAt > 0',
  },
  {
    name: 'a reminder is not noted',
    file: `${LEDGER}/reminders.ts`,
    tests: PASSING,
    find: 'decisions.flatMap(({ stored }) => stored.reminder ?? []),',
    replace: 'decisions.flatMap(() => []),',
  },
  {
    name: 'time passes without stopping where something falls due',
    file: `${PROGRAM}/passing.ts`,
    tests: PASSING,
    find: '(await nextInstant(due, found.id, now, target.value)) ?? target.value',
    replace: 'target.value',
  },
];
