import { versionAt } from '../program/index.ts';
import type { Activity } from './activities.model.ts';
import type { ProgramInForce } from './model.ts';

/** The commands after which more is known of a member. */
const CHANGES: readonly string[] = ['enrol', 'profile', 'list'];

/** What has to be done before something of `at` is decided in the same batch: nothing where no open campaign reads members. */
export const membersRead = (at: number, { program }: ProgramInForce): readonly string[] =>
  versionAt(program, at).campaigns.some(
    ({ reads, open }) => (reads.profile || reads.lists.length > 0) && open(at),
  )
    ? CHANGES
    : [];

/** The same for an activity, whose streaks go by the member's calendar. */
export const streaksRead = (
  { type, occurredAt }: Pick<Activity, 'type' | 'occurredAt'>,
  { program }: ProgramInForce,
): readonly string[] =>
  (versionAt(program, occurredAt).activities.get(type)?.streaks.length ?? 0) > 0 ? CHANGES : [];
