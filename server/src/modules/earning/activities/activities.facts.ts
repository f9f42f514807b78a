import type { Tx } from '#platform/db/client.ts';
import type { Around, Command } from '../../ledger/index.ts';
import { type ActivityType, versionAt } from '../../program/index.ts';
import { readUsesOf } from '../campaigns/uses.store.ts';
import { addUses, ask, isCounted, questionsIn, type UsesAsked, type UsesFacts } from '../campaigns/uses.ts';
import type { ProgramInForce } from '../model.ts';
import type { Activity } from './activities.model.ts';
import { loadStreaks, type StreakFacts } from './streaks.facts.ts';

/** What activities need to know: how often the rules on them counted for the members, and their streaks. */
export interface ActivityFacts {
  readonly uses: UsesFacts;
  readonly streaks: StreakFacts;
}

/** An activity of a batch with what listens to it. */
interface Question {
  readonly programId: number;
  /** Null for a member whom the batch enrols. */
  readonly memberId: number | null;
  readonly at: number;
  readonly type: ActivityType;
}

/** Reads what the activities of a batch need; nothing where there are none. */
export async function loadActivities(
  tx: Tx,
  commands: readonly Command<object>[],
  around: Around,
): Promise<ActivityFacts> {
  const questions = questionsOf(commands, around);
  const asked: UsesAsked = new Map();
  for (const { memberId, at, type } of questions)
    if (memberId !== null) for (const rule of type.rules) if (isCounted(rule)) ask(asked, rule, memberId, at);
  const [stored, streaks] = await Promise.all([
    asked.size === 0 ? [] : readUsesOf(tx, questionsIn(asked)),
    loadStreaks(
      tx,
      questions.map(({ type, ...who }) => ({ ...who, streaks: type.streaks })),
    ),
  ]);
  const uses: UsesFacts = new Map();
  addUses(uses, stored);
  return { uses, streaks };
}

function questionsOf(
  commands: readonly Command<object>[],
  { holders, programs }: Pick<Around, 'holders' | 'programs'>,
): Question[] {
  return commands.flatMap(({ body, programId }, index) => {
    if (!('activity' in body)) return [];
    const { type, occurredAt: at } = body.activity as Activity;
    const found = versionAt((programs[index] as ProgramInForce).program, at).activities.get(type);
    return found === undefined ? [] : { programId, memberId: holders[index]?.id ?? null, at, type: found };
  });
}
