import type { Clock } from '#platform/clock.ts';
import type { Pool } from '#platform/db/client.ts';
import { businessKey, type Command, type Ledger } from '../../ledger/index.ts';
import type { Members } from '../../members/index.ts';
import type { Program } from '../../program/index.ts';
import { asNamed } from '../as-named.ts';
import { granted } from '../campaigns/budgets.store.ts';
import type { ProgramInForce } from '../model.ts';
import { type RerateBody, reratingId, reratingPayload } from './rerate.ts';
import { activityReratingId, activityReratingPayload, type RerateActivityBody } from './rerate-activity.ts';
import { budgetsLeft, planMembers } from './rerates.plan.ts';
import * as store from './rerates.store.ts';

export interface RerateDeps {
  ledger: Ledger;
  pool: Pool;
  members: Members;
  clock: Clock;
}

/** The name under which the engine's own commands have their keys. */
const SOURCE = 'rerate';
const MEMBERS_A_PAGE = 100;
const ITEMS_A_PAGE = 200;

/** Plans a re-rating from the beginning; what an attempt before had found is forgotten. */
export async function plan(deps: RerateDeps, rerate: store.Rerate): Promise<void> {
  const { pool, ledger, members, clock } = deps;
  await store.clearItems(pool, rerate.id);
  const { program } = (await ledger.directory.programs(pool, [rerate.programId])).get(
    rerate.programId,
  ) as ProgramInForce;
  const budgets = await leftOf(pool, program, rerate.version);
  let done = 0;
  for (let after = 0n; ; ) {
    const page = await members.list(pool, program.id, { after, limit: MEMBERS_A_PAGE });
    const own = page.map(({ id, externalId }) => ({ id: Number(id), externalId }));
    // One snapshot a page: an order that comes meanwhile is either seen with its member or not at all.
    const items = await pool.snapshot(tx => planMembers(tx, { ledger, program, budgets }, rerate, own));
    await store.insertRerateItems(pool, rerate.id, items);
    done += page.length;
    await store.seeRerate(pool, rerate.id, clock.now(), done);
    if (page.length < MEMBERS_A_PAGE) break;
    after = page.at(-1)?.id ?? after;
  }
  const sums = await store.rerateSums(pool, rerate.id);
  await store.moveRerate(
    pool,
    rerate.id,
    ['planning'],
    'planned',
    clock.now(),
    sums.orders + sums.activities,
  );
}

/** What budgets have left to give: of the version that decides, or of the latest. */
async function leftOf(pool: Pool, program: Program, wanted: number | null) {
  const version = program.versions.at((wanted ?? 0) - 1);
  if (version === undefined) throw new Error(`program ${program.id} has no version ${wanted}`);
  const given = await granted(pool, program.id);
  const left = new Map(
    version.campaigns.flatMap(({ id, budget }) => {
      if (budget === null) return [];
      const rest = budget.points - (given.get(id) ?? 0n);
      return [[id, rest > 0n ? rest : 0n] as const];
    }),
  );
  return budgetsLeft(program, version, left);
}

/** Carries out a plan, or takes it back: each order and activity once, whatever was done before. */
export async function carryOut(
  deps: RerateDeps,
  rerate: store.Rerate,
  direction: 'applied' | 'reversed',
): Promise<void> {
  const { pool, ledger, clock } = deps;
  const reverses = direction === 'reversed';
  let done = 0;
  for (let after = { memberId: 0, orderId: 0n }; ; ) {
    const page = await store.rerateItems(pool, rerate.id, after, ITEMS_A_PAGE);
    const open = page.filter(item => (reverses ? item.reversedAs : item.appliedAs) === null);
    const wanted = reverses ? open.filter(item => item.appliedAs === 'ok') : open;
    const names = await asNamed(
      deps,
      wanted.map(({ memberId }) => ({ programId: rerate.programId, memberId })),
      clock.now(),
    );
    const outcomes = await ledger.run(
      wanted.map((item, index) => command(rerate, item, names[index] as string, reverses)),
    );
    await store.noteItems(
      pool,
      rerate.id,
      direction,
      wanted.map((item, index) => {
        const outcome = outcomes[index];
        return { item, outcome: outcome?.ok === false ? outcome.refusal.code : 'ok' };
      }),
    );
    done += page.length;
    await store.seeRerate(pool, rerate.id, clock.now(), done);
    const last = page.at(-1);
    if (last === undefined || page.length < ITEMS_A_PAGE) break;
    after = last;
  }
  const before = reverses ? 'reversing' : 'applying';
  await store.moveRerate(pool, rerate.id, [before], direction, clock.now(), done);
}

function command(
  rerate: store.Rerate,
  item: store.RerateItem,
  member: string,
  reverses: boolean,
): Command<RerateBody> | Command<RerateActivityBody> {
  return item.activity === null
    ? orderCommand(rerate, item, member, reverses)
    : activityCommand(rerate, item, item.activity, member, reverses);
}

function activityCommand(
  { id, programId }: store.Rerate,
  item: store.RerateItem,
  { verdict, before }: NonNullable<store.RerateItem['activity']>,
  member: string,
  reverses: boolean,
): Command<RerateActivityBody> {
  const body: RerateActivityBody = {
    activityId: item.orderId,
    rerateId: id,
    reverses,
    version: reverses ? item.versionBefore : item.version,
    verdict: reverses ? before : verdict,
    planned: reverses ? null : { version: item.versionBefore, verdict: before },
  };
  return {
    type: 'rerate_activity',
    programId,
    member,
    key: businessKey(programId, SOURCE, 'rerate_activity', activityReratingId(body)),
    payload: activityReratingPayload(body),
    body,
  };
}

function orderCommand(
  { id, programId }: store.Rerate,
  item: store.RerateItem,
  member: string,
  reverses: boolean,
): Command<RerateBody> {
  const body: RerateBody = {
    orderId: item.orderId,
    rerateId: id,
    reverses,
    again: { version: reverses ? item.versionBefore : item.version },
    applied: reverses ? item.appliedBefore : item.applied,
    planned: reverses ? null : { version: item.versionBefore, applied: item.appliedBefore },
  };
  return {
    type: 'rerate',
    programId,
    member,
    key: businessKey(programId, SOURCE, 'rerate', reratingId(body)),
    payload: reratingPayload(body),
    body,
  };
}
