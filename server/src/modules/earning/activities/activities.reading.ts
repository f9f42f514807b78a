import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Reference } from '#platform/http/schemas.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { ProgramVersion } from '../../program/index.ts';
import type { Fault, ProgramInForce } from '../model.ts';
import { idOf } from '../orders/find.ts';
import { activityReratingsOf, type StoredActivityRerating } from '../replay/activity-reratings.store.ts';
import { faultsOf } from './activities.conditions.ts';
import { findActivities } from './activities.store.ts';
import { type ActivityState, decidedAgain, firstState } from './verdicts.ts';

/** An activity as it stands, and how it came to that. */
export interface ActivityRead {
  readonly state: ActivityState;
  /** The re-ratings that decided it again, in their order. */
  readonly reratings: readonly StoredActivityRerating[];
  /** What the version that decides it now could not judge. */
  readonly faults: readonly Fault[];
  /** The names of the program's units, by their numbers. */
  readonly units: readonly string[];
}

/** The activity that a path names, by everything that was decided about it. */
export async function readActivity(
  deps: { ledger: Ledger; pool: Pool },
  programId: number,
  reference: Reference,
  source: Outcome<string>,
): Promise<Outcome<ActivityRead>> {
  const { ledger, pool } = deps;
  const id = await idOf(deps, programId, 'activity', reference, source);
  if (!id.ok) return id;
  const found = id.value === undefined ? undefined : (await findActivities(pool, [id.value])).get(id.value);
  if (found?.stored.programId !== programId)
    return refuse('activity_not_found', 'There is no such activity in this program.');
  const { stored } = found;
  const [programs, reratings] = await Promise.all([
    ledger.directory.programs(pool, [programId]),
    activityReratingsOf(pool, [stored.id]),
  ]);
  const { program, units } = programs.get(programId) as ProgramInForce;
  const state = reratings.reduce(decidedAgain, firstState(stored, program));
  const isFirst = state.programVersion === stored.programVersion;
  const version = program.versions[state.programVersion - 1] as ProgramVersion;
  const faults = isFirst ? stored.faults : faultsOf(stored.activity, version);
  return accept({ state, reratings, faults, units });
}
