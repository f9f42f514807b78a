// Mistakes in what is remembered of members from one batch to the next.
const EARNING = 'src/modules/earning';
const MEMORY = { tests: [`${EARNING}/remembered.test.ts`] };
const TIMELINE = { ...MEMORY, file: `${EARNING}/tiers/timeline.memory.ts` };
const USES = { ...MEMORY, file: `${EARNING}/campaigns/uses.memory.ts` };
const RUNNER = 'src/modules/ledger/runner.ts';
const SOLE = { tests: ['src/modules/ledger/sole-writer.test.ts'], file: 'src/modules/ledger/sole-writer.ts' };

export const MEMORY_MUTANTS = [
  {
    ...MEMORY,
    file: 'src/modules/ledger/sole-writer.store.ts',
    name: 'who writes does not end that another process writes alone',
    find: 'where process <> $1::text',
    replace: 'where process = $1::text and false',
  },
  {
    ...MEMORY,
    file: `${EARNING}/facts.ts`,
    name: 'what is remembered is used without asking who writes',
    find: 'recall === null ? null : ledger.soleWriter.confirm(tx)',
    replace: 'null',
  },
  {
    ...MEMORY,
    file: `${EARNING}/remembered.ts`,
    name: 'a member is remembered as before although something else happened to it',
    find: 'if (known !== undefined) empty(known);',
    replace: '',
  },
  {
    ...MEMORY,
    file: `${EARNING}/remembered.ts`,
    name: 'a new order is not followed',
    find: 'known !== undefined && !follow(known, stored)',
    replace: 'known !== undefined && stored === undefined',
  },
  {
    ...TIMELINE,
    name: 'a late order is taken for the last',
    find: 'anchor < this.anchor ||',
    replace: 'anchor < 0 ||',
  },
  {
    ...TIMELINE,
    name: 'a sum is taken to hold beyond the next row',
    find: 'at >= base.at && at < base.next',
    replace: 'at >= base.at',
  },
  {
    ...TIMELINE,
    name: 'a new row does not end the stretch in which a sum holds',
    find: 'for (const base of this.bases) base.next = Math.min(base.next, anchor);',
    replace: '',
  },
  {
    ...MEMORY,
    file: `${EARNING}/tiers/timeline.recall.ts`,
    name: 'who was granted a level is remembered as if not',
    find: ' || facts.granted.has(memberId)',
    replace: '',
  },
  {
    ...MEMORY,
    file: `${EARNING}/tiers/timeline.recall.ts`,
    name: 'of whom something came back later is remembered as if not',
    find: 'returned.has(memberId)',
    replace: 'false',
  },
  {
    ...USES,
    name: 'the uses of another period are remembered as those of this one',
    find: 'sum !== undefined && sum.since === since && sum.until === until',
    replace: 'sum !== undefined',
  },
  {
    ...USES,
    name: 'a use in another period is added to the one that is remembered',
    find: ' || at < sum.since || at > sum.until) return;',
    replace: ') return;',
  },
  {
    ...USES,
    name: 'a use of another campaign is added to the one that is remembered',
    find: 'campaign !== sum.campaign ||',
    replace: '',
  },
  {
    ...SOLE,
    file: RUNNER,
    name: 'a member who is new is remembered by its orders alone, whatever else came with them',
    find: 'times(id) === 1 ? id : []',
    replace: 'times(id) > 0 ? id : []',
  },
  {
    ...TIMELINE,
    name: 'the first row of a new member is not noted',
    find: 'this.first = Math.min(this.first, anchor);',
    replace: '',
  },
  {
    ...USES,
    name: 'a few uses are taken for all although there were more',
    find: 'else known.all = null;',
    replace: '',
  },
  {
    ...SOLE,
    name: 'a process that wrote something with an unknown outcome goes on as the sole writer',
    file: RUNNER,
    find: 'if (!isRolledBack(error)) this.options.soleWriter.lose();',
    replace: '',
  },
  {
    ...SOLE,
    name: 'who lost it is the sole writer again at once',
    find: 'this.nextClaim = this.now() + this.wait;\n  }',
    replace: 'this.nextClaim = 0;\n  }',
  },
  {
    ...SOLE,
    name: 'what was remembered in an earlier era counts in a later one',
    find: 'this.eras += 1;',
    replace: 'this.eras += 0;',
  },
  {
    ...MEMORY,
    name: 'a re-rating names members otherwise than their orders do',
    file: `${EARNING}/as-named.ts`,
    find: 'return found?.ok ?',
    replace: 'return found === undefined ?',
  },
] as const;
