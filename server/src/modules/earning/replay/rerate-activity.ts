import type { Tx } from '#platform/db/client.ts';
import { accept, type Difference, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import { addTo, insertFraud } from '../../fraud/index.ts';
import { type CommandType, type Effects, effectsOf } from '../../ledger/index.ts';
import { hasTiers, type ProgramVersion } from '../../program/index.ts';
import { faultsOf } from '../activities/activities.conditions.ts';
import { contribution } from '../activities/activities.ts';
import { keepStep, storeStreaks } from '../activities/streaks.facts.ts';
import {
  type ActivityState,
  decidedAgain,
  usesBetween,
  type Verdict,
  wantedBy,
} from '../activities/verdicts.ts';
import { insertUsesOf } from '../campaigns/uses.store.ts';
import { addUses } from '../campaigns/uses.ts';
import type { LoadOrders, OrderFacts } from '../facts.ts';
import type { ProgramInForce } from '../model.ts';
import { settle } from '../posting.ts';
import { qualifyingPoints } from '../tiers/qualifying.ts';
import { markOf } from '../tiers/tier-marks.ts';
import { insertAdditions } from '../tiers/timeline.store.ts';
import { add } from '../tiers/timeline.ts';
import { concluded, fraudOf, watchCorrection } from '../velocity.ts';
import { streakAgain } from './activities-again.ts';
import {
  findActivityReratings,
  insertActivityReratings,
  type StoredActivityRerating,
} from './activity-reratings.store.ts';

/** An activity that is to be decided again, by what a plan found. */
export interface RerateActivityBody {
  readonly activityId: bigint;
  readonly rerateId: bigint;
  readonly reverses: boolean;
  readonly version: number;
  readonly verdict: Verdict;
  /** What decided when the plan was made; null where that does not matter. */
  readonly planned: { readonly version: number; readonly verdict: Verdict } | null;
}

/** One activity of one re-rating, once in each direction. */
export const activityReratingId = ({
  rerateId,
  activityId,
  reverses,
}: Pick<RerateActivityBody, 'rerateId' | 'activityId' | 'reverses'>): string =>
  `${rerateId}:${activityId}:${reverses ? 'back' : 'forth'}`;

export const activityReratingPayload = (body: RerateActivityBody): string =>
  hash128(activityReratingId(body), String(body.version));

/** `rerate_activity`: brings what an activity earned to what a plan says, by compensating entries. */
export const rerateActivityType = (
  load: LoadOrders,
): CommandType<RerateActivityBody, OrderFacts, StoredActivityRerating, Effects> => ({
  name: 'rerate_activity',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit: () => undefined,
  load,

  decide({ body, programId }, facts, context) {
    const { activityId, rerateId, reverses, verdict } = body;
    const state = facts.again.states.get(activityId);
    if (state === undefined || (body.planned !== null && !isAsPlanned(state, body.planned)))
      return refuse(
        'activity_changed',
        'The activity was decided again after the plan was made. Plan another re-rating for it.',
      );
    const inForce = context.program as ProgramInForce;
    const { program, now } = inForce;
    const version = program.versions[body.version - 1];
    if (version === undefined) throw new Error(`version ${body.version} of program ${programId} is gone`);
    const { memberId, activity, grants } = state;
    const at = activity.occurredAt;
    const { id } = context;
    const watching = watchCorrection(facts.fraud, inForce, {
      ...{ id, memberId, cause: wireId('act', activityId), at },
    });
    const wanted = wantedBy(verdict, version, activity.type);
    const earning = { what: 'activity', at, grants, wanted } as const;
    const posted = settle(earning, version, context, facts.again.expired, now, watching);
    if (!posted.ok) return posted;
    const { drafts, decided } = posted.value;
    const points = qualifyingPoints(decided, version);
    const who = { memberId, orderId: activityId, isSummed: hasTiers(program) };
    const rows = points === 0n ? [] : [contribution(who, at, points)];
    const decision = { programVersion: version.version, verdict, decided };
    const again = new Map([...facts.again.states, [activityId, decidedAgain(state, decision)]]);
    const { streaks } = facts.activities;
    const record: StoredActivityRerating = {
      ...{ id, programId, activityId, rerateId, reverses, ...decision },
      moved: moved(state.verdict, verdict).map(streak => {
        const question = { memberId, streak };
        const known = { states: again, known: facts.again.known };
        return { ...question, state: streakAgain(known, streaks, question, program) };
      }),
      added: {
        ...{ id, rows, uses: usesBetween(state, { version, verdict }, program), late: null },
        fraud: concluded(watching).addition,
        mark: markOf(program, memberId, rows, now),
      },
    };
    const data = {
      ...{ rerate: wireId('rer', rerateId), activity: wireId('act', activityId) },
      ...{ program_version: version.version, reverses },
    };
    return accept({
      ...{ record, drafts, fact: { type: 'activity.rerated', occurredAt: now, data } },
      ...(!reverses && body.version !== state.programVersion && notJudged(state, version)),
    });
  },

  evolve(facts, stored) {
    const { activityId, added } = stored;
    const { states } = facts.again;
    const before = states.get(activityId);
    if (before !== undefined) states.set(activityId, decidedAgain(before, stored));
    for (const { state, ...question } of stored.moved ?? [])
      keepStep(facts.activities.streaks, question, state);
    for (const row of added?.rows ?? []) add(facts.timeline, row);
    addUses(facts.activities.uses, added?.uses ?? []);
    if (added?.fraud != null) addTo(facts.fraud, added.fraud);
  },
  async store(tx, decisions, { fraud, activities, timeline }) {
    await Promise.all([
      insertActivityReratings(tx, decisions),
      insertAdditions(tx, decisions, timeline.ends),
      insertUsesOf(tx, decisions),
      storeStreaks(tx, activities.streaks),
      insertFraud(tx, fraudOf(decisions), fraud),
    ]);
  },
  find: findActivityReratings,
  differences: ({ body }, stored): Difference[] => [
    { pointer: '/version', stored: stored.programVersion, sent: body.version },
  ],
  answer: (_stored, entries, _holder, program) => effectsOf(entries, program),
});

/** What another version cannot judge about an activity: what the same version could not, was told when it decided. */
function notJudged({ id, activity }: ActivityState, version: ProgramVersion) {
  const conditions = faultsOf(activity, version);
  return conditions.length > 0 && { notJudged: { cause: wireId('act', id), conditions } };
}

/** Whether what decided about an activity is still what a plan began with. */
const isAsPlanned = (
  state: Pick<ActivityState, 'programVersion' | 'verdict'>,
  planned: { readonly version: number; readonly verdict: Verdict },
): boolean =>
  state.programVersion === planned.version &&
  JSON.stringify([state.verdict.rules, state.verdict.streaks]) ===
    JSON.stringify([planned.verdict.rules, planned.verdict.streaks]);

/** The streaks that either verdict moves. */
const moved = (before: Verdict, after: Verdict): string[] => [
  ...new Set([...before.streaks, ...after.streaks].map(({ streak }) => streak)),
];

/** Why a re-rating moved what it moved for an activity. */
export async function explainActivityRerating(tx: Tx, id: bigint): Promise<Record<string, unknown>> {
  const found = (await findActivityReratings(tx, [id])).get(id);
  if (found === undefined) return {};
  const { stored } = found;
  return {
    rerate: wireId('rer', stored.rerateId),
    reverses: stored.reverses,
    activity: wireId('act', stored.activityId),
    program_version: stored.programVersion,
    earned: stored.decided.earned.map(({ rule, points }) => ({ rule, points: String(points) })),
    taken_back: stored.decided.clawed.map(({ rule, decided }) => ({ rule, points: String(decided) })),
  };
}
