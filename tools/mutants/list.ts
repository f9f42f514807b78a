// Mistakes that somebody could make in the engine, each as a change of a few characters, with the test that must see it.
// `find` stands exactly once in its file (mutants.test.ts checks it): where the code changes, change the mutant with it.
import { ACTIVITIES_MUTANTS } from './activities.ts';
import { AUDIENCE_MUTANTS } from './audiences.ts';
import { BATCH_MUTANTS } from './batches.ts';
import { CHALLENGE_MUTANTS } from './challenges.ts';
import { DATABASE_MUTANTS } from './database.ts';
import { DECISION_MUTANTS } from './decisions.ts';
import { EFFECT_MUTANTS } from './effects.ts';
import { MEMORY_MUTANTS } from './memory.ts';
import { PROGRAM_MUTANTS } from './programs.ts';
import { REWARD_MUTANTS } from './rewards.ts';
import { TERMS_MUTANTS } from './terms.ts';
import { TRANSFER_MUTANTS } from './transfers.ts';
import { VELOCITY_MUTANTS } from './velocity.ts';

export interface Mutant {
  /** The mistake, as one would describe it. */
  readonly name: string;
  /** In server/. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Test files in server/, of which one must fail. */
  readonly tests: readonly string[];
}

const LEDGER = 'src/modules/ledger';
const EARNING = 'src/modules/earning';
const DRAFT = { file: `${LEDGER}/draft.ts`, tests: [`${LEDGER}/draft.test.ts`] };
const BATCH = { file: `${LEDGER}/batch.ts`, tests: [`${EARNING}/batch.test.ts`] };
const BUDGETS = [`${EARNING}/campaigns/budgets.test.ts`];
const CONDITIONS = 'src/modules/program/conditions';
const GOLDEN = [`${CONDITIONS}/golden.test.ts`];
const RACES = ['test/simulation/races.test.ts'];
const SIMULATION = ['test/simulation/simulation.test.ts'];

export const MUTANTS: readonly Mutant[] = [
  // Exactly once.
  {
    ...BATCH,
    name: 'a key is not looked up',
    file: `${LEDGER}/slots.ts`,
    find: 'wanted.length > 0 ? store.keys(tx, wanted) : NONE_TAKEN,',
    replace: 'NONE_TAKEN,',
  },
  {
    ...BATCH,
    name: 'a key is not written',
    find: 'decided.keys.push({ key: command.key, payload: command.payload as string, result: record.id });',
    replace: 'void record.id;',
  },
  {
    ...BATCH,
    name: 'a known key is answered without comparing the payload',
    tests: ['src/modules/rewards/batch.test.ts'],
    find: 'if (payload !== command.payload) {',
    replace: 'if (payload === undefined) {',
  },
  {
    name: 'a retry gets the state of today instead of the first answer',
    file: 'src/modules/rewards/store.ts',
    tests: SIMULATION,
    find: 'stored: firstAnswer(asRedemption(row)),',
    replace: 'stored: asRedemption(row),',
  },
  {
    name: 'a key that another engine took is the caller’s problem',
    file: `${LEDGER}/runner.ts`,
    tests: RACES,
    find: "new Set(['23505', '40001', '40P01'])",
    replace: "new Set(['40001', '40P01'])",
  },
  {
    ...BATCH,
    name: 'a command is refused by its own effect through another engine',
    tests: RACES,
    find: 'if (mode.write) await lookAgain(tx, slots);',
    replace: '',
  },
  // One at a time.
  {
    ...BATCH,
    name: 'members are not locked',
    tests: RACES,
    find: 'mode.write ? lock(tx, open, mode) : null,',
    replace: 'null,',
  },
  // A batch sees its own earlier rows.
  {
    ...BATCH,
    name: 'a batch does not see its own earlier decisions',
    find: 'type.evolve(facts, record, entries);',
    replace: '',
  },
  {
    ...BATCH,
    name: 'a batch does not see its own earlier keys',
    find: 'if (command.key !== null) byKey.set(command.key, { slot, stored: record, entries });',
    replace: '',
  },
  {
    ...BATCH,
    name: 'a return does not see an amendment of its batch',
    file: `${EARNING}/index.ts`,
    find: 'register(returnType(load), ',
    replace: 'register(returnType(orderLoader(deps.ledger, createBudgets(), remembered)), ',
  },
  {
    name: 'a dry run writes',
    file: `${LEDGER}/service.ts`,
    tests: ['src/modules/rewards/batch.test.ts'],
    find: 'dryRun ? await this.lanes.dryRun(commands) : await this.lanes.submit(commands, answers)',
    replace: 'dryRun === undefined ? [] : await this.lanes.submit(commands, answers)',
  },
  // Points.
  {
    name: 'rounded line by line',
    file: `${EARNING}/model.ts`,
    tests: [`${EARNING}/model.test.ts`],
    find: 'exact.map(cell => cell.value),',
    replace: 'exact.map(cell => ({ num: cell.value.num / cell.value.den, den: 1n })),',
  },
  {
    name: 'a return claws back its own share, not that of all that came back',
    file: `${EARNING}/model.ts`,
    tests: [`${EARNING}/model.test.ts`],
    find: 'returned.set(id, after);',
    replace: 'returned.set(id, part);',
  },
  {
    name: 'the latest expiry is consumed first',
    file: `${LEDGER}/model.ts`,
    tests: DRAFT.tests,
    find: '(a.expiresAt ?? Number.POSITIVE_INFINITY) - (b.expiresAt ?? Number.POSITIVE_INFINITY) || a.seq - b.seq',
    replace: '(b.expiresAt ?? 0) - (a.expiresAt ?? 0) || a.seq - b.seq',
  },
  {
    name: 'of equal dates the youngest lot is consumed first',
    file: `${LEDGER}/model.ts`,
    tests: DRAFT.tests,
    find: '|| a.seq - b.seq;',
    replace: '|| b.seq - a.seq;',
  },
  {
    ...DRAFT,
    name: 'points expire a moment late',
    find: 'if (lot.expiresAt !== null && lot.expiresAt <= until)',
    replace: 'if (lot.expiresAt !== null && lot.expiresAt < until)',
  },
  {
    ...DRAFT,
    name: 'points expire a moment early',
    find: 'if (lot.expiresAt !== null && lot.expiresAt <= until)',
    replace: 'if (lot.expiresAt !== null && lot.expiresAt <= until + 1)',
  },
  {
    name: 'a balance is read without what falls due at this very instant',
    file: `${LEDGER}/balances.ts`,
    tests: SIMULATION,
    find: 'wallet.nextDueAt <= Math.max(facts.now, wallet.bookedAt)',
    replace: 'wallet.nextDueAt < Math.max(facts.now, wallet.bookedAt)',
  },
  {
    ...DRAFT,
    name: 'a hold ends a moment late',
    find: '.filter(open => open.expiresAt <= this.now)',
    replace: '.filter(open => open.expiresAt < this.now)',
  },
  {
    ...DRAFT,
    name: 'a refund loses the date of its points',
    find: 'expiresAt: expiryOf(part, this.sums.activeAt),',
    replace: 'expiresAt: null,',
  },
  {
    ...DRAFT,
    name: 'two refunds give back the same lots',
    find: 'let skip = already;',
    replace: 'let skip = 0n;',
  },
  {
    ...DRAFT,
    name: 'what is given back does not lapse when its date is past',
    find: 'reopened().filter(lot => lot.expiresAt !== null && lot.expiresAt <= occurredAt),',
    replace: '[],',
  },
  {
    ...DRAFT,
    name: 'a clawback takes expired points a second time',
    find: 'result.excused = least(left - least(left, sum(usableOwn)), expired);',
    replace: 'result.excused = 0n;',
  },
  {
    ...DRAFT,
    name: 'a debt is not repaid from the next credit',
    find: 'const repaid = pending ? 0n : least(this.sums.debt, points);',
    replace: 'const repaid: bigint = 0n;',
  },
  {
    ...DRAFT,
    name: 'a shortfall is not netted',
    find: 'const amount = least(this.sums.shortfall, points);',
    replace: 'const amount: bigint = 0n;',
  },
  {
    name: 'as_of sees what was booked later',
    file: `${LEDGER}/store.ts`,
    tests: SIMULATION,
    find: 'and e.booked_at <= $2::timestamptz order by e.wallet_id, e.seq`',
    replace: 'and $2::timestamptz is not null order by e.wallet_id, e.seq`',
  },
  {
    ...BATCH,
    name: 'an amendment is not held to the conditions of an order',
    file: `${EARNING}/orders/orders.ts`,
    find: 'const refusal = admitOrder(order, program);',
    replace: 'const refusal = undefined;',
  },
  // What proves the books.
  {
    name: 'verify does not know what committed beside an open transaction',
    file: 'src/modules/audit/index.ts',
    tests: ['src/modules/audit/audit.test.ts'],
    find: 'await store.allBatchesAfter(',
    replace: 'await store.batchesAfter(',
  },
  {
    name: 'program totals are not written',
    file: `${LEDGER}/posting.store.ts`,
    tests: [`${LEDGER}/verify.test.ts`],
    find: '...totalColumns(rows, changes),',
    replace: '...totalColumns([], changes),',
  },
  {
    name: 'the proof leaves out the date of expiry',
    file: `${LEDGER}/digest.ts`,
    tests: ['src/modules/audit/audit.test.ts'],
    find: "entry.expiresAt ?? ''",
    replace: "''",
  },
  {
    name: 'the chain is sealed over a transaction that is still open',
    file: 'src/modules/audit/store.ts',
    tests: ['src/modules/audit/audit.test.ts'],
    find: 'and b.xid < pg_snapshot_xmin(pg_current_snapshot()) order by',
    replace: 'order by',
  },
  // Programs are apart.
  {
    name: 'a member is looked up in all programs',
    file: 'src/modules/members/store.ts',
    tests: SIMULATION,
    find: 'join members.members m on m.program_id = r.program_id and m.external_id = r.external_id`',
    replace: 'join members.members m on m.external_id = r.external_id`',
  },
  {
    name: 'an order of another program can be returned',
    file: `${EARNING}/orders/find.ts`,
    tests: ['test/journeys/tenants.test.ts'],
    find: 'owner?.programId !== programId',
    replace: 'owner === undefined',
  },
  // Conditions.
  {
    name: 'lists are gone through inside lists',
    file: `${CONDITIONS}/calls.ts`,
    tests: GOLDEN,
    find: 'if (compilation.item)\n',
    replace: 'if (compilation.item === undefined)\n',
  },
  {
    name: 'a fault wins over what decides alone',
    file: `${CONDITIONS}/operators.ts`,
    tests: GOLDEN,
    find: 'if (value === decisive) return decisive;',
    replace: 'if (isFault(value) || value === decisive) return value;',
  },
  {
    name: 'a result below 64 bits is no overflow',
    file: `${CONDITIONS}/operators.ts`,
    tests: GOLDEN,
    find: 'result > MAX_INT || result < MIN_INT',
    replace: 'result > MAX_INT',
  },
  {
    name: 'a product that can need more than 64 bits is saved',
    file: `${CONDITIONS}/operators.ts`,
    tests: [`${CONDITIONS}/compile.test.ts`],
    find: 'if (most > MAX_INT)',
    replace: 'if (most > MAX_INT ** 2n)',
  },
  {
    name: 'what every object inherits is an attribute',
    file: `${CONDITIONS}/names.ts`,
    tests: GOLDEN,
    find: 'Object.hasOwn(attributes, name) ?',
    replace: 'name in attributes ?',
  },
  {
    name: 'a condition does not say what has to be loaded for it',
    file: `${CONDITIONS}/names.ts`,
    tests: [`${CONDITIONS}/compile.test.ts`],
    find: 'compilation.reads.add(what);',
    replace: 'compilation.reads.delete(what);',
  },
  // Budgets.
  {
    name: 'two batches hold the same shard of a budget',
    file: `${EARNING}/campaigns/budgets.store.ts`,
    tests: BUDGETS,
    find: 'where pg_try_advisory_xact_lock(b.id, f.shard) limit 1',
    replace: 'where f.shard >= 0 limit 1',
  },
  {
    name: 'a budget is gathered beside those who take from it',
    file: `${EARNING}/campaigns/budgets.store.ts`,
    tests: BUDGETS,
    find: 'from pg_advisory_xact_lock(b.id, -1)',
    replace: 'from pg_advisory_xact_lock_shared(b.id, -1)',
  },
  {
    name: 'a batch gives no more than its shard has',
    file: `${EARNING}/campaigns/budgets.ts`,
    tests: BUDGETS,
    find: 'if (budget.elsewhere > 0n) throw tooShort(facts, key, budget);',
    replace: '',
  },
  {
    name: 'what a batch cannot have alone is refused',
    file: `${EARNING}/campaigns/budgets.ts`,
    tests: BUDGETS,
    find: 'budget.own + budget.elsewhere < wanted',
    replace: 'budget.own < wanted',
  },
  {
    name: 'a batch of two kinds of commands takes from budgets twice',
    file: `${EARNING}/campaigns/budgets.ts`,
    tests: BUDGETS,
    find: 'if (facts.stored) return;',
    replace: '',
  },
  {
    name: 'what comes back after a budget was cut too deep is given again',
    file: `${EARNING}/campaigns/budgets.ts`,
    tests: BUDGETS,
    find: 'budget.absorbed += absorbed;\n  budget.own += points - absorbed;',
    replace: 'budget.own += points;',
  },
  {
    name: 'an order of an earlier version brings its budget back',
    file: `${EARNING}/campaigns/budgets.ts`,
    tests: BUDGETS,
    find: 'version > row.version ?',
    replace: 'version !== row.version ?',
  },
  {
    name: 'a budget is cut beside batches that take from it',
    file: `${EARNING}/campaigns/budgets.ts`,
    tests: [`${EARNING}/campaigns/budgets.publication.test.ts`],
    find: 'await fill(tx, facts, latest, new Set(latest));',
    replace: 'await fill(tx, facts, latest, null);',
  },
  ...ACTIVITIES_MUTANTS,
  ...AUDIENCE_MUTANTS,
  ...CHALLENGE_MUTANTS,
  ...BATCH_MUTANTS,
  ...MEMORY_MUTANTS,
  ...DATABASE_MUTANTS,
  ...DECISION_MUTANTS,
  ...EFFECT_MUTANTS,
  ...PROGRAM_MUTANTS,
  ...TERMS_MUTANTS,
  ...TRANSFER_MUTANTS,
  ...REWARD_MUTANTS,
  ...VELOCITY_MUTANTS,
];
