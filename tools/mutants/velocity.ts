// Mistakes in windows, pauses and cases of velocity, and in what is held back.
const FRAUD = 'src/modules/fraud';
const EARNING = 'src/modules/earning';
const MODEL = { file: `${FRAUD}/model.ts`, tests: [`${FRAUD}/model.test.ts`] };
const JOURNEY = ['test/journeys/velocity.test.ts'];
const CASES = ['test/journeys/cases.test.ts'];

export const VELOCITY_MUTANTS = [
  {
    ...MODEL,
    name: 'points on the line cross it',
    find: 'if (sum > moreThan)',
    replace: 'if (sum >= moreThan)',
  },
  {
    ...MODEL,
    name: 'tumbling windows begin with the first order',
    find: 'const from = Math.floor(at / within) * within;',
    replace: 'const from = at;',
  },
  {
    ...MODEL,
    name: 'a sliding window is a millisecond too long',
    find: "kind === 'tumbling' ? [from] : endsOf(known, at, until).map(end => end - within + 1);",
    replace: "kind === 'tumbling' ? [from] : endsOf(known, at, until).map(end => end - within);",
  },
  {
    ...MODEL,
    name: 'a late order is looked at in the window that ends with it alone',
    find: '...[...known.keys()].filter(instant => instant > at && instant < until).sort((a, b) => a - b),',
    replace: '',
  },
  {
    ...MODEL,
    name: 'a pause covers its last instant',
    find: 'pausedUntil !== null && at < pausedUntil',
    replace: 'pausedUntil !== null && at <= pausedUntil',
  },
  {
    ...MODEL,
    name: 'a pause covers what was before it',
    find: 'at >= begin &&\n  ',
    replace: '',
  },
  {
    ...MODEL,
    name: 'every order behind a crossing opens a case',
    find: 'points > 0n && !hasCrossed(facts, watched, check)',
    replace: 'points > 0n',
  },
  {
    ...MODEL,
    name: 'a released case pauses still',
    find: "if (each.state === 'released' || each.memberId !== memberId) continue;",
    replace: 'if (each.memberId !== memberId) continue;',
  },
  {
    ...MODEL,
    name: 'a release frees what another pause covers',
    find: 'if (other === undefined) sorted.free.push(lot);',
    replace: 'sorted.free.push(lot);\n    if (other === undefined) continue;',
  },
  {
    ...MODEL,
    name: 'an open pause counts before a confirmed one',
    find: "state === 'confirmed' ? 0 : 1",
    replace: "state === 'confirmed' ? 1 : 0",
  },
  {
    name: 'what is held back becomes usable by itself',
    file: `${EARNING}/velocity.ts`,
    tests: JOURNEY,
    find: 'const held = { availableFrom: null, waits: true, expiresAt: isOver',
    replace: 'const held = { ...terms, waits: true, expiresAt: isOver',
  },
  {
    name: 'an event makes usable what a case holds back',
    file: `${EARNING}/velocity.ts`,
    tests: JOURNEY,
    find: 'return { free: lots.filter(seq => !pended.has(lotKey(wallet, seq))), held: held.map(arrived) };',
    replace: 'return { free: [...lots], held: held.map(arrived) };',
  },
  {
    name: 'old orders that are taken over count',
    file: `${EARNING}/velocity.ts`,
    tests: JOURNEY,
    find: 'if (historical || !isChecked(program.program)) return null;',
    replace: 'if (!isChecked(program.program)) return null;',
  },
  {
    name: 'what arrives for a confirmed pause stays pending',
    file: `${EARNING}/velocity.ts`,
    tests: CASES,
    find: "if (pause.state === 'confirmed') draft.giveUp([entry.seq], draft.now);",
    replace: '',
  },
  {
    name: 'a case is decided twice',
    file: `${FRAUD}/cases.ts`,
    tests: CASES,
    find: "if (found.state !== 'open')",
    replace: "if (found.state === 'confirmed')",
  },
  {
    name: 'released points are usable at once, whatever their rule says',
    file: 'src/modules/ledger/draft.ts',
    tests: ['src/modules/ledger/resume.test.ts'],
    find: 'const usable = pending.filter(({ terms }) => !waits(terms, this.now));',
    replace: 'const usable = pending;',
  },
  {
    name: 'a release of points that wait for longer is not written',
    file: 'src/modules/ledger/lots.store.ts',
    tests: JOURNEY,
    find: 'if (isDeferred(before, lot)) deferred.push(row);',
    replace: '',
  },
  {
    name: 'what a case holds back is loaded without what came in the same batch',
    file: `${FRAUD}/model.ts`,
    tests: JOURNEY,
    find: 'if (opened !== null) facts.cases.set(opened.id, opened);',
    replace: '',
  },
  {
    name: 'what a case was opened for is removed with the rest',
    file: 'src/modules/fraud/store.ts',
    tests: ['test/journeys/counted.test.ts'],
    find: 'k.since <= c.at and k.until > c.at)',
    replace: 'k.since <= c.at and k.until < c.at)',
  },
  {
    name: 'points for referrals count in no window',
    file: 'src/modules/earning/referrals/payments.ts',
    tests: ['test/journeys/referrals.test.ts'],
    find: "const watching = step === 'qualified' ? watch(",
    replace: "const watching = step === 'revoked' ? watch(",
  },
  {
    name: 'points expire while the case that holds them back is open',
    file: 'src/modules/earning/velocity.ts',
    tests: ['test/journeys/held-points.test.ts'],
    find: 'expiresAt: isOver ? terms.expiresAt : null }',
    replace: 'expiresAt: terms.expiresAt }',
  },
  {
    name: 'points whose time passed while they were held back expire at their release',
    file: 'src/modules/fraud/model.ts',
    tests: ['test/journeys/held-points.test.ts'],
    find: 'return expiresAt === null || expiresAt > now',
    replace: 'return expiresAt === null || expiresAt > 0',
  },
  {
    name: 'what was redeemed of released points comes back without its date',
    file: 'src/modules/ledger/store.ts',
    tests: ['test/journeys/held-points.test.ts'],
    find: 'coalesce(r.expires_at, o.expires_at)',
    replace: 'coalesce(o.expires_at, null)',
  },
];
