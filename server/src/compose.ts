import { createAudit } from './modules/audit/index.ts';
import {
  budgetBook,
  conditionAlarm,
  createEarning,
  earningErrors,
  type ProgramInForce,
} from './modules/earning/index.ts';
import { createFraud, fraudErrors } from './modules/fraud/index.ts';
import { createIdentity, type Identity, identityErrors } from './modules/identity/index.ts';
import {
  createLedger,
  type Directory,
  type Holder,
  type Ledger,
  ledgerErrors,
  ledgerRoutes,
  type ProgramFacts,
} from './modules/ledger/index.ts';
import { createMembers, createMembersApi, type Located, memberErrors } from './modules/members/index.ts';
import {
  createProgram,
  type Program,
  programErrors,
  programNow,
  reminderHorizon,
  remindersOf,
} from './modules/program/index.ts';
import { createRewards, rewardsErrors } from './modules/rewards/index.ts';
import type { Clock } from './platform/clock.ts';
import { wallClock } from './platform/clock.ts';
import { Pool, statement, type Tx } from './platform/db/client.ts';
import { makePartitions } from './platform/db/partitions.ts';
import { CoalescedReader } from './platform/db/reader.ts';
import { accept, type ErrorTable, type Outcome } from './platform/errors.ts';
import { eventRoutes } from './platform/events/routes.ts';
import { Problems } from './platform/http/problems.ts';
import { createHttp, type Http } from './platform/http/server.ts';
import { createIds } from './platform/ids.ts';
import { Jobs } from './platform/jobs/jobs.ts';
import type { Log } from './platform/observe/log.ts';
import { createMetrics, SIZE_BUCKETS } from './platform/observe/metrics.ts';
import { createUpkeep } from './upkeep.ts';

/** The whole engine, built but not started. */
export interface Engine {
  http: Http;
  identity: Identity;
  ledger: Ledger;
  worker: Jobs;
  scheduler: Jobs;
  /** Pays what referrals are owed; the scheduler does it every second. */
  payReferrals(): Promise<void>;
  /** Announces what has become of members' tiers; the scheduler does it every second. */
  announceTiers(): Promise<void>;
  /** Hands out vouchers that orders give by campaigns; the scheduler does it every second. */
  giveVouchers(): Promise<void>;
  /** Removes what no velocity window of a program needs any more; the scheduler does it every six hours. */
  pruneVelocity(programId: number): Promise<number>;
  /** Goes on with backtests whose engine was stopped; the worker does it every five seconds. */
  resumeBacktests(): Promise<void>;
  /** Stops taking requests, finishes what was accepted, ends the jobs and closes every connection. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  ownerUrl: string;
  appUrl: string;
  /** What voucher codes are encrypted with: the same for all engines on a database. */
  secret: string;
  /** The secret that is being replaced; `lost`: nobody has it any more. */
  secretBefore?: string | null;
  log: Log;
  lanes: number;
  batch: number;
  queue: number;
  newKeysAfter: number;
  /** How much of its heap a backtest may fill, in MB. */
  backtestMemory: number;
  clock?: Clock;
  /** For tests: every answer is checked against its schema. */
  checkAnswers?: boolean;
  /** For tests that build many engines in one process: Node's own figures are observed until the process ends. */
  processMetrics?: boolean;
}

const VERSION = '0.1.0';
const ERRORS: readonly ErrorTable[] = [
  identityErrors,
  ledgerErrors,
  memberErrors,
  programErrors,
  fraudErrors,
  earningErrors,
  rewardsErrors,
];
const SECOND = 1_000;
const LOST = 'lost';
const writer = statement('next_writer', `select nextval('ledger.writers')::integer`);
const reachable = statement('reachable', 'select 1');

/**
 * Builds every module once, in order: the table of contents of the system. A module gets only those before
 * it; what it must do inside an earlier one's transaction it registers here.
 */
export async function compose(options: EngineOptions): Promise<Engine> {
  const { appUrl, ownerUrl, log } = options;
  const clock = options.clock ?? wallClock;
  const metrics = createMetrics({ defaults: options.processMetrics ?? true });
  const pool = new Pool(appUrl, 'engine', 10);
  const owner = new Pool(ownerUrl, 'owner', 1);
  const [row] = await pool.run<[number]>(writer);
  const ids = createIds(row?.[0] ?? 0, clock);

  const audit = createAudit({ pool });
  await audit.checkOrigin();
  const identity = createIdentity({ pool, clock });
  const ledger = createLedger({
    appUrl,
    pool,
    clock,
    ids,
    audit,
    observer: { ...observe(metrics), notJudged: conditionAlarm(metrics, log) },
    lanes: options.lanes,
    batch: options.batch,
    queue: options.queue,
    newKeysAfter: options.newKeysAfter,
  });
  const program = createProgram({ pool, clock, budgets: budgetBook() });
  const members = createMembers();
  const membersApi = createMembersApi({ members, ledger, pool });
  ledger.setDirectory(directory({ pool, clock, members, registry: program.registry }));
  const upkeep = createUpkeep({ pool, ledger, program });
  program.whenTimePasses(upkeep.pointsDue);
  const problems = new Problems(ERRORS);
  const earning = createEarning({
    ledger,
    pool,
    registry: program.registry,
    members,
    problems,
    clock,
    ids,
    log,
    backtest: { appUrl, megabytes: options.backtestMemory },
  });
  program.whenTimePasses(earning.tiers);
  const fraud = createFraud({ ledger, pool, members });
  const rewards = createRewards({ ledger, pool, secrets: secretsOf(options) });
  const close = async (): Promise<void> => {
    await ledger.stop();
    await Promise.all([pool.close(), owner.close()]);
  };
  await rewards.sealCodes().catch(async error => {
    await close();
    throw error;
  });
  program.whenTimePasses({
    next: () => Promise.resolve(null),
    run: async id => {
      await rewards.collect(id);
      await rewards.giveVouchers();
    },
  });

  const http = createHttp({
    authenticate: identity.authenticate,
    resolveProgram: name => program.registry.ref(pool, name),
    errors: ERRORS,
    log,
    metrics,
    version: VERSION,
    checkAnswers: options.checkAnswers ?? false,
  });
  for (const routes of [
    program.routes,
    membersApi.routes,
    ledgerRoutes({ ledger, pool }),
    earning.routes,
    fraud.routes,
    rewards.routes,
    eventRoutes({ pool }),
    identity.routes,
  ])
    routes(http.api);
  http.addReadiness('database', async () => void (await pool.run(reachable)));

  let drifts = 0;
  metrics.gauge(
    'fealty_ledger_drifts',
    'Units whose liability differs from the program totals; anything but 0 is an alarm.',
    () => drifts,
  );
  const announceTiers = () =>
    upkeep.forEachPage(page => earning.tiers.announce(page as readonly ProgramInForce[]));
  const worker = new Jobs({
    log,
    jobs: [
      { name: 'seal', every: SECOND, run: () => sealAll(audit) },
      { name: 'backtests', every: 5 * SECOND, run: () => earning.backtests.resume() },
    ],
  });
  const scheduler = new Jobs({
    log,
    lease: { url: appUrl, name: 'fealty scheduler' },
    jobs: [
      { name: 'vouchers', every: SECOND, run: () => rewards.giveVouchers() },
      { name: 'referrals', every: SECOND, run: () => earning.payReferrals() },
      { name: 'tiers', every: SECOND, run: announceTiers },
      { name: 'sweep', every: 60 * SECOND, run: () => upkeep.sweep() },
      { name: 'households', every: 60 * SECOND, run: () => upkeep.forEachProgram(rewards.collect) },
      { name: 'reminders', every: 600 * SECOND, run: () => upkeep.remind() },
      { name: 'velocity', every: 6 * 3600 * SECOND, run: () => upkeep.forEachProgram(fraud.prune) },
      {
        name: 'drift',
        every: 300 * SECOND,
        run: async () => {
          drifts = await ledger.drifts();
          if (drifts > 0) log.error({ drifts }, 'the ledger drifts: run `fealty verify`');
        },
      },
      { name: 'totals', every: 60 * SECOND, run: () => ledger.foldTotals() },
      { name: 'partitions', every: 6 * 3600 * SECOND, run: () => makePartitions(owner) },
    ],
  });

  return {
    http,
    identity,
    ledger,
    worker,
    scheduler,
    payReferrals: () => earning.payReferrals(),
    announceTiers,
    giveVouchers: () => rewards.giveVouchers(),
    pruneVelocity: fraud.prune,
    resumeBacktests: () => earning.backtests.resume(),
    async stop() {
      await http.stop();
      await Promise.all([worker.stop(), scheduler.stop()]);
      await earning.backtests.stop();
      await close();
    },
  };
}

function secretsOf({ secret, secretBefore = null }: EngineOptions) {
  const lost = secretBefore === LOST;
  return { secret, before: lost ? null : secretBefore, lost };
}

const holderOf = (found: Outcome<Located>): Outcome<Holder> =>
  found.ok ? accept({ id: Number(found.value.id), externalId: found.value.externalId }) : found;

/** How members and programs are found inside the ledger's transaction. */
function directory(deps: {
  pool: Pool;
  clock: Clock;
  members: ReturnType<typeof createMembers>;
  registry: ReturnType<typeof createProgram>['registry'];
}): Directory {
  const { pool, clock, members, registry } = deps;
  const factsOf = (program: Program): ProgramFacts & { program: Program } => {
    const latest = program.versions.at(-1);
    const units = [...(latest?.units.values() ?? [])];
    return {
      id: program.id,
      revision: program.revision,
      name: program.name,
      now: programNow(program, clock.now()),
      units: units.map(unit => unit.name),
      defaultUnit: latest?.defaultUnit.number ?? 0,
      reminders: {
        horizon: at => reminderHorizon(program, at),
        of: expiresAt => remindersOf(program, expiresAt),
      },
      program,
    };
  };
  const locate = async (tx: Tx, refs: readonly { programId: number; member: string }[]) => {
    const located = await members.locate(
      tx,
      refs.map(ref => ({ ...ref, enrol: false })),
      clock.now(),
    );
    members.remember(located.flatMap(found => (found.ok ? [found.value] : [])));
    return located;
  };
  const finder = new CoalescedReader({
    most: 500,
    read: (refs: readonly { programId: number; member: string }[]) => locate(pool, refs),
  });
  return {
    lately: (ids, refs) => {
      const programs = new Map<number, ProgramFacts>();
      for (const id of ids) {
        const kept = registry.kept(id);
        if (kept === undefined) return undefined;
        programs.set(id, factsOf(kept));
      }
      const holders: Outcome<Holder>[] = [];
      // Only until the first who is not remembered: then all are located together, and to recall them here was for nothing.
      for (const ref of refs) {
        const known = members.remembered(ref);
        if (known === undefined) return undefined;
        holders.push(holderOf(accept(known)));
      }
      return { programs, holders };
    },
    programs: async (tx, wanted) =>
      new Map([...(await registry.load(tx, wanted))].map(([id, program]) => [id, factsOf(program)])),
    programNamed: async name => {
      const found = await registry.byName(pool, name);
      return found && factsOf(found);
    },
    holders: async (tx, refs) => (await locate(tx, refs)).map(holderOf),
    reserve: async (tx, count) => (await members.reserve(tx, count)).map(Number),
    enrol: (tx, newcomers) =>
      members.admit(
        tx,
        newcomers.map(({ id, at, ...rest }) => ({ ...rest, id: BigInt(id), enrolledAt: at })),
      ),
    enrolled: newcomers =>
      members.remember(newcomers.map(own => ({ ...own, id: BigInt(own.id), enrolled: true }))),
    find: async (programId, member) => {
      const known = members.remembered({ programId, member });
      const found = known === undefined ? await finder.get({ programId, member }) : accept(known);
      return holderOf(found);
    },
  };
}

function observe(metrics: ReturnType<typeof createMetrics>) {
  const sizes = metrics.histogram(
    'fealty_batch_commands',
    'Commands in one batch of a lane.',
    [],
    SIZE_BUCKETS,
  );
  const seconds = metrics.histogram('fealty_batch_seconds', 'From the start of a batch to its commit.');
  const retries = metrics.counter('fealty_batch_retries_total', 'Batches that were tried again, by reason.', [
    'reason',
  ]);
  const locks = metrics.histogram(
    'fealty_lock_wait_seconds',
    'From asking for the locks of a batch to having them.',
  );
  let queued = 0;
  metrics.gauge('fealty_lane_queue', 'Commands that wait or are under way.', () => queued);
  return {
    batch(size: number, time: number) {
      sizes.observe(size);
      seconds.observe(time);
    },
    retry: (reason: string) => retries.inc({ reason }),
    locked: (time: number) => locks.observe(time),
    depth(depth: number) {
      queued = depth;
    },
  };
}

async function sealAll(audit: ReturnType<typeof createAudit>): Promise<void> {
  while ((await audit.seal()) > 0);
}
