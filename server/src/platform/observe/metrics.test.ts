import assert from 'node:assert/strict';
import test from 'node:test';
import { createMetrics, LATENCY_BUCKETS, SIZE_BUCKETS } from './metrics.ts';

test('counts, values and distributions come out in the format of Prometheus', async () => {
  const metrics = createMetrics({ defaults: false });
  metrics.counter('fealty_a_total', 'A.', ['kind']).inc({ kind: 'x' });
  let depth = 3;
  metrics.gauge('fealty_b', 'B.', () => depth);
  metrics.histogram('fealty_d', 'D.', ['route'], [1, 2]).observe({ route: '/v1' }, 1.5);
  depth = 4;
  const text = await metrics.text();
  for (const line of [
    '# HELP fealty_a_total A.',
    'fealty_a_total{kind="x"} 1',
    'fealty_b 4',
    'fealty_d_bucket{le="1",route="/v1"} 0',
    'fealty_d_bucket{le="2",route="/v1"} 1',
    'fealty_d_sum{route="/v1"} 1.5',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
});

test('two measurements of one name are a mistake', () => {
  const metrics = createMetrics({ defaults: false });
  metrics.counter('fealty_a_total', 'A.');
  assert.throws(() => metrics.counter('fealty_a_total', 'A.'), /already been registered/);
});

test("Node's own figures are there unless left out", async () => {
  assert.match(await createMetrics().text(), /nodejs_eventloop_lag_seconds/);
  assert.doesNotMatch(await createMetrics({ defaults: false }).text(), /nodejs_/);
});

test('buckets rise', () => {
  for (const buckets of [LATENCY_BUCKETS, SIZE_BUCKETS])
    assert.deepEqual(
      [...buckets],
      [...buckets].sort((a, b) => a - b),
    );
});
