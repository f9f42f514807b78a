import type { Log } from '#platform/observe/log.ts';
import type { Metrics } from '#platform/observe/metrics.ts';
import { SparingLog } from '#platform/observe/sparing.ts';
import type { NotJudged } from '../ledger/index.ts';

/** Each program and rule that was counted is kept in memory until the engine ends; those beyond are counted as `other`. */
const MOST_COUNTED = 1_000;

/** Counts and logs decisions that were committed without a condition, because it could not be judged. */
export function conditionAlarm(
  metrics: Pick<Metrics, 'counter'>,
  log: Log,
): (decision: NotJudged & { program: string }) => void {
  const counter = metrics.counter(
    'fealty_conditions_not_judged_total',
    'Decisions for which the condition of a rule had no answer, so that it counted as not matched.',
    ['program', 'rule'],
  );
  const sparing = new SparingLog(log);
  const counted = new Set<string>();
  return ({ program, cause, conditions }) => {
    for (const { ref, reason } of conditions) {
      const rule = ref.slice(0, ref.lastIndexOf('@'));
      const key = `${program} ${rule}`;
      if (counted.size < MOST_COUNTED) counted.add(key);
      counter.inc(counted.has(key) ? { program, rule } : { program: 'other', rule: 'other' });
      sparing.note('warn', { program, rule: ref, reason, cause }, 'condition not judged');
    }
  };
}
