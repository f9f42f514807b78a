import type { Tx } from '#platform/db/client.ts';
import { heldBack } from '../../fraud/index.ts';
import type { StoredEntry } from '../../ledger/index.ts';
import type { Registry } from '../../program/index.ts';
import { notJudgedTold } from '../not-judged.wire.ts';
import { faultsOf } from './activities.conditions.ts';
import { findActivities } from './activities.store.ts';
import { activityToWire } from './activities.ts';

/** Why an activity's entry is what it is: the rule that it cites, as it stands in the version that was in force. */
export const explainActivity =
  (registry: Registry) =>
  async (tx: Tx, id: bigint, entry: StoredEntry): Promise<Record<string, unknown>> => {
    const found = (await findActivities(tx, [id])).get(id);
    if (found === undefined) return {};
    const { stored } = found;
    const program = (await registry.load(tx, [stored.programId])).get(stored.programId);
    const version = program?.versions[stored.programVersion - 1];
    const document = version?.document;
    const cited = entry.rule?.slice(0, entry.rule.lastIndexOf('@'));
    return {
      activity: { ...activityToWire(stored), attributes: stored.activity.attributes },
      program_version: stored.programVersion,
      ...(version !== undefined && notJudgedTold(faultsOf(stored.activity, version))),
      ...(await heldBack(tx, entry)),
      definition: [...(document?.earning ?? []), ...(document?.streaks ?? [])].find(
        ({ id: rule }) => rule === cited,
      ),
    };
  };
