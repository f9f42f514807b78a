import { localTime } from '#platform/calendar.ts';
import type { ActivityInput, ActivityType, ProgramVersion } from '../../program/index.ts';
import type { Fault } from '../model.ts';
import type { Activity } from './activities.model.ts';

/** The rules of a version that are for an activity. `fault` is told of conditions that could not be judged, which count as not met. */
export function rulesFor(
  activity: Activity,
  version: ProgramVersion,
  fault?: (fault: Fault) => void,
): ActivityType['rules'] {
  let input: ActivityInput | undefined;
  return (version.activities.get(activity.type)?.rules ?? []).filter(({ ref, condition }) => {
    if (condition === null) return true;
    input ??= inputOf(activity, version.timeZone);
    const holds = condition.holds(input);
    if (typeof holds === 'object') fault?.({ ref, reason: holds.reason });
    return holds === true;
  });
}

/** What a version cannot judge about an activity. */
export function faultsOf(activity: Activity, version: ProgramVersion): Fault[] {
  const faults: Fault[] = [];
  rulesFor(activity, version, fault => faults.push(fault));
  return faults;
}

/** What conditions read of an activity; the time is worked out when the first one asks for it. */
function inputOf({ type, attributes, occurredAt }: Activity, timeZone: string): ActivityInput {
  let ofTime: ActivityInput['time'] | undefined;
  return {
    activity: { type, attributes: attributes ?? {} },
    get time() {
      ofTime ??= localTime(occurredAt, timeZone);
      return ofTime;
    },
  };
}
