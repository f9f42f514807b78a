import assert from 'node:assert/strict';
import test from 'node:test';
import type { Log } from '#platform/observe/log.ts';
import { createMetrics } from '#platform/observe/metrics.ts';
import { conditionAlarm } from './not-judged.alarm.ts';

function alarmed() {
  const lines: object[] = [];
  const metrics = createMetrics({ defaults: false });
  const log = { warn: (line: object, message: string) => lines.push({ message, ...line }) };
  const alarm = conditionAlarm(metrics, log as unknown as Log);
  const counts = async () => (await metrics.text()).split('\n').filter(line => line.startsWith('fealty_'));
  return { alarm, counts, lines };
}

test('each rule of a decision is counted by its id, whatever its version, and told in the log', async () => {
  const { alarm, counts, lines } = alarmed();
  const reason = 'order.attributes.nights is missing.';
  const vip = { ref: 'segments.vip@2', reason };
  alarm({ program: 'shop', cause: 'ord_1', conditions: [{ ref: 'nights@1', reason }] });
  alarm({ program: 'shop', cause: 'ord_2', conditions: [{ ref: 'nights@2', reason }, vip] });
  assert.deepEqual(await counts(), [
    'fealty_conditions_not_judged_total{program="shop",rule="nights"} 2',
    'fealty_conditions_not_judged_total{program="shop",rule="segments.vip"} 1',
  ]);
  const message = 'condition not judged';
  assert.deepEqual(lines, [
    { message, program: 'shop', rule: 'nights@1', reason, cause: 'ord_1' },
    { message, program: 'shop', rule: 'nights@2', reason, cause: 'ord_2' },
    { message, program: 'shop', rule: 'segments.vip@2', reason, cause: 'ord_2' },
  ]);
});

test('however many programs and rules there are, the metric stays small, and so does the log', async () => {
  const { alarm, counts, lines } = alarmed();
  for (let place = 0; place < 1_500; place += 1)
    alarm({ program: `p${place}`, cause: 'act_1', conditions: [{ ref: 'stars@1', reason: 'is missing.' }] });
  alarm({ program: 'p0', cause: 'act_2', conditions: [{ ref: 'stars@1', reason: 'is missing.' }] });
  const told = await counts();
  assert.equal(told.length, 1_001);
  assert.ok(told.includes('fealty_conditions_not_judged_total{program="p0",rule="stars"} 2'));
  assert.ok(told.includes('fealty_conditions_not_judged_total{program="other",rule="other"} 500'));
  assert.ok(lines.length < 100, `${lines.length} lines`);
});
