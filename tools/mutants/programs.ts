// Mistakes in how programs are written, compared, reviewed and published, and in the schedules of campaigns.
const PROGRAM = 'src/modules/program';
const SCHEDULE = { file: `${PROGRAM}/schedule.ts`, tests: [`${PROGRAM}/schedule.test.ts`] };
const DRAFTS = { file: `${PROGRAM}/drafts.ts`, tests: ['test/journeys/drafts.test.ts'] };
const FIRST = ['test/journeys/first-drafts.test.ts'];
const PUBLISHING = { file: `${PROGRAM}/publishing.ts`, tests: [`${PROGRAM}/service.test.ts`] };

export const PROGRAM_MUTANTS = [
  {
    ...SCHEDULE,
    name: 'a campaign ends at the first of two equal local times',
    find: "edge === 'from' || isEndOfDay ? first : second",
    replace: 'first',
  },
  {
    ...SCHEDULE,
    name: 'a time that the clocks skip is an hour late',
    find: 'second : change(second, first, zone)',
    replace: 'second : first',
  },
  {
    ...SCHEDULE,
    name: 'a night belongs to the day on which it ends',
    find: 'isListed(days, day - 1)',
    replace: 'isListed(days, day)',
  },
  {
    ...SCHEDULE,
    name: 'a campaign is not in force at its first instant',
    find: 'at >= start && at < end && recurring(at)',
    replace: 'at > start && at < end && recurring(at)',
  },
  {
    name: 'two levels may begin at the same sum',
    file: `${PROGRAM}/mistakes-tiers.ts`,
    tests: [`${PROGRAM}/mistakes-tiers.test.ts`],
    find: 'compare(exact, below.exact) <= 0',
    replace: 'compare(exact, below.exact) < 0',
  },
  {
    name: 'a campaign may end where it begins',
    file: `${PROGRAM}/mistakes-campaigns.ts`,
    tests: [`${PROGRAM}/mistakes-campaigns.test.ts`],
    find: 'if (end <= start) {',
    replace: 'if (end < start) {',
  },
  {
    ...PUBLISHING,
    name: 'a budget is checked before batches are held off, not behind',
    find: 'if (overspent.length > 0) return invalid(overspent);',
    replace: '',
  },
  {
    ...PUBLISHING,
    name: 'who starts from an old version publishes all the same',
    find: 'options.baseVersion !== head.version)',
    replace: 'options.baseVersion > head.version)',
    tests: ['test/journeys/plans.test.ts'],
  },
  {
    name: 'another order of rules is no change',
    file: `${PROGRAM}/changes.ts`,
    tests: [`${PROGRAM}/changes.test.ts`],
    find: 'if (old.join() !== now.join())',
    replace: 'if (old.length !== now.length)',
  },
  {
    ...DRAFTS,
    name: 'an author approves their own draft',
    find: 'draft.author.key === by.key',
    replace: 'draft.author.label === by.key',
  },
  {
    ...DRAFTS,
    name: 'a review is of a revision that nobody has read',
    find: 'if (draft.revision !== revision) return changed(draft, revision);',
    replace: '',
  },
  {
    ...DRAFTS,
    name: 'a draft that was changed stays approved',
    find: "state: 'open',\n    author: by,\n    review: null,",
    replace: "state: before?.state ?? 'open',\n    author: by,\n    review: before?.review ?? null,",
  },
  {
    ...DRAFTS,
    name: 'a program is made with another clock than was approved',
    tests: FIRST,
    find: 'head.version === 0 ? isSameFirst : isSameDocument',
    replace: 'isSameDocument',
  },
  {
    name: 'a name that only has drafts is a program',
    file: `${PROGRAM}/store.ts`,
    tests: FIRST,
    find: "where name = $1 and version > 0'",
    replace: "where name = $1'",
  },
  {
    ...DRAFTS,
    name: 'a draft that is refused leaves its program behind',
    tests: FIRST,
    find: 'if (!first.ok || dryRun) return first;',
    replace: 'if (dryRun) return first;',
  },
];
