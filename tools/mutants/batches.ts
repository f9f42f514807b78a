// Mistakes in what key a call's command gets, when a batch begins, whose turn it is, and what is acknowledged of it.
const LEDGER = 'src/modules/ledger';
const TURNS = { file: `${LEDGER}/turns.ts`, tests: [`${LEDGER}/turns.test.ts`] };
const NEW_KEYS = { tests: [`${LEDGER}/new-keys.test.ts`] };
const CALLS = { file: `${LEDGER}/calls.ts`, tests: ['test/journeys/keys.test.ts'] };
const RUNNER = { file: `${LEDGER}/runner.ts`, tests: [`${LEDGER}/lanes.test.ts`] };

export const BATCH_MUTANTS = [
  {
    ...CALLS,
    name: 'a key of one sender is taken for that of another',
    find: 'businessKey(program.id, source.value, command.type, externalId)',
    replace: "businessKey(program.id, '', command.type, externalId)",
  },
  {
    ...CALLS,
    name: 'a key of one kind of command is taken for that of another',
    find: 'businessKey(program.id, source.value, command.type, externalId)',
    replace: "businessKey(program.id, source.value, '', externalId)",
  },
  {
    name: 'lots that have fallen due are not opened',
    file: `${LEDGER}/batch.ts`,
    tests: ['test/simulation/simulation.test.ts'],
    find: 'if (late.length > 0) store.fill(',
    replace: 'if (late.length > 999) store.fill(',
  },
  {
    name: 'lots that were opened early are not put into their wallets',
    file: `${LEDGER}/batch.ts`,
    tests: ['src/modules/rewards/batch.test.ts'],
    find: '  store.fill(opened, targets);',
    replace: '',
  },
  // What is taken to be so before it is known.
  {
    ...NEW_KEYS,
    file: `${LEDGER}/runner.ts`,
    name: 'keys that were taken for new are taken for new again',
    find: 'const newKeys = attempt === 1 && this.newKeys.expected;',
    replace: 'const newKeys = attempt < TRIES && this.newKeys.expected;',
  },
  {
    ...NEW_KEYS,
    file: `${LEDGER}/meanwhile.ts`,
    name: 'a program that has changed is not noticed',
    find: 'present.get(id)?.revision !== revision',
    replace: 'present.get(id) === undefined',
  },
  {
    ...NEW_KEYS,
    file: `${LEDGER}/batch.ts`,
    name: 'nobody waits for the programs to be confirmed',
    find: '    confirmed,\n',
    replace: '',
  },
  {
    ...NEW_KEYS,
    file: `${LEDGER}/meanwhile.ts`,
    name: 'a refusal under a key that was taken for new is not looked at again',
    find: 'unproved.length > 0 &&',
    replace: 'unproved.length > 999 &&',
  },
  {
    file: `${LEDGER}/meanwhile.ts`,
    tests: [`${LEDGER}/lanes.test.ts`],
    name: 'what finds nothing to do under a key that was taken for new is not looked at again',
    find: 'outcome.ok && !outcome.value.known;',
    replace: 'outcome.ok;',
  },
  {
    ...NEW_KEYS,
    file: `${LEDGER}/new-keys.ts`,
    name: 'a taken key does not end the expectation of new ones',
    find: 'this.streak = 0;',
    replace: '',
  },
  // Nothing is acknowledged that is not there.
  {
    ...RUNNER,
    name: 'acknowledged before the commit',
    find: 'await settled([...writes, committed]);\n    if ((await committed)',
    replace: "committed.catch(() => undefined);\n    await settled(writes);\n    if ('COMMIT'",
  },
  {
    ...RUNNER,
    name: 'the tag of the commit is not looked at',
    find: "if ((await committed) !== 'COMMIT') throw new Error('the database rolled the batch back');",
    replace: '',
  },
  {
    ...RUNNER,
    name: 'one bad command takes its whole batch with it',
    find: 'return this.halve(batch, error);',
    replace:
      "for (const waiting of batch) waiting.failed(new Fault('internal', 'The batch failed.'));\n        return;",
  },
  // Whose turn it is.
  {
    ...TURNS,
    name: 'of the members of a batch the rest is left behind',
    find: 'if (batch.length < most && members.has(turn.member)) batch.push(turn.waiting);\n      else left.push(turn);',
    replace: 'left.push(turn);',
  },
  {
    ...TURNS,
    name: 'a member is in two batches at a time',
    find: 'behind.push(turn);\n        continue;',
    replace: 'behind.length;',
  },
  {
    ...TURNS,
    name: 'what waited behind a batch goes to the end of the queue',
    find: '[...freed, ...this.ready]',
    replace: '[...this.ready, ...freed]',
  },
  {
    ...TURNS,
    name: 'what waited behind a batch is lost with it',
    find: 'if (freed.length > 0) this.ready',
    replace: 'if (freed.length > 1) this.ready',
  },
];
