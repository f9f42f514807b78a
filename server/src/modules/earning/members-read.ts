import { type ProgramVersion, versionAt } from '../program/index.ts';
import type { Activity } from './activities/activities.model.ts';
import type { ProgramInForce } from './model.ts';

/** The commands after which more is known of a member. */
const CHANGES: readonly string[] = ['enrol', 'profile', 'list'];

const isRead = ({ reads }: { reads: { profile: boolean; lists: readonly string[] } }): boolean =>
  reads.profile || reads.lists.length > 0;
const challengesRead = ({ challenges }: ProgramVersion): boolean => challenges.some(isRead);

/** What has to be done before an order of `at` is decided in the same batch: nothing where nothing open reads members. */
export function membersRead(at: number, { program }: ProgramInForce): readonly string[] {
  const version = versionAt(program, at);
  const campaigns = version.campaigns.some(campaign => isRead(campaign) && campaign.open(at));
  return campaigns || challengesRead(version) ? CHANGES : [];
}

/** The same for an activity, whose streaks go by the member's calendar. */
export function membersReadBy(
  { type, occurredAt }: Pick<Activity, 'type' | 'occurredAt'>,
  { program }: ProgramInForce,
): readonly string[] {
  const version = versionAt(program, occurredAt);
  const streaks = version.activities.get(type)?.streaks.length ?? 0;
  return streaks > 0 || challengesRead(version) ? CHANGES : [];
}
