// Mistakes in transfers from member to member and in households.
const REWARDS = 'src/modules/rewards';
const TRANSFERS = ['test/journeys/transfers.test.ts'];
const LIMITS = ['test/journeys/transfer-limits.test.ts'];
const HOUSEHOLDS = ['test/journeys/households.test.ts'];

export const TRANSFER_MUTANTS = [
  {
    name: 'points that are given never expire again',
    file: 'src/modules/ledger/draft.ts',
    tests: TRANSFERS,
    find: "to.credit('transfer', amount, { availableFrom: null, expiresAt }",
    replace: "to.credit('transfer', amount, { availableFrom: null, expiresAt: null }",
  },
  {
    name: 'only the sender of a transfer is held',
    file: 'src/modules/ledger/batch.ts',
    tests: ['test/simulation/transfer-races.test.ts'],
    find: 'new Set(slots.flatMap(sidesOf).map(({ id }) => id))',
    replace: 'new Set(slots.flatMap(({ holder }) => holder?.id ?? []))',
  },
  {
    name: 'a transfer of which more arrives than was given is not noticed',
    file: 'src/modules/ledger/verification.store.ts',
    tests: TRANSFERS,
    find: 'where left_over <> 0 or odd or',
    replace: 'where odd or',
  },
  {
    name: 'the fee of a transfer is not part of what the balance has to cover',
    file: `${REWARDS}/transfers.ts`,
    tests: LIMITS,
    find: 'refusalOf(reasons, points + fee, available)',
    replace: 'refusalOf(reasons, points, available)',
  },
  {
    name: 'transfers of one batch do not see each other',
    file: `${REWARDS}/transfers.facts.ts`,
    tests: LIMITS,
    find: 'moved.times += 1;',
    replace: '',
  },
  {
    name: 'a limit of a month is one for ever',
    file: `${REWARDS}/transfers.facts.ts`,
    tests: LIMITS,
    find: "every === 'ever' ? LONG_AGO : startOf(every, now, timeZone);",
    replace: 'now > LONG_AGO ? LONG_AGO : startOf(every as never, now, timeZone);',
  },
  {
    name: 'what a member is given counts as what the member gives',
    file: `${REWARDS}/transfers.store.ts`,
    tests: LIMITS,
    find: "receive: sum('received', 'to_id')",
    replace: "receive: sum('received', 'from_id')",
  },
  {
    name: 'who leaves a household is given what others contributed',
    file: `${REWARDS}/households.ts`,
    tests: HOUSEHOLDS,
    find: 'givers.get(lotKey(source.id, lot.seq)) === person',
    replace: 'givers.has(lotKey(source.id, lot.seq)) && person > 0',
  },
  {
    name: 'a household takes one member too many',
    file: `${REWARDS}/households.ts`,
    tests: HOUSEHOLDS,
    find: '(facts.sizes.get(base.householdId) ?? 0) >= most',
    replace: '(facts.sizes.get(base.householdId) ?? 0) > most',
  },
  {
    name: 'members who join in one batch do not see each other',
    file: `${REWARDS}/households.ts`,
    tests: HOUSEHOLDS,
    find: "const by = stored.kind === 'join' ? 1 : -1;",
    replace: 'const by = 0;',
  },
  {
    name: 'anybody redeems for a household',
    file: `${REWARDS}/redemptions.ts`,
    tests: HOUSEHOLDS,
    find: 'body.by !== null && !isMember(facts.last, body.by, holder.id)',
    replace: 'body.by !== null && !isMember(facts.last, body.by, holder.id) && body.by === holder.id',
  },
  {
    name: 'anybody contributes to a household',
    file: `${REWARDS}/transfers.ts`,
    tests: HOUSEHOLDS,
    find: 'if (!isMember(facts.last, from, to))',
    replace: 'if (from === to)',
  },
];
