import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json, Running } from './engine.ts';

/** Starts a backtest, waits until it is done and gives its report. */
export async function backtestOf(run: Running, program: string, body: object = {}): Promise<Json> {
  const started = await run.on(program).post('/v1/backtests', body);
  assert.equal(started.status, 202, JSON.stringify(started.body));
  for (;;) {
    const { body: found } = await run.on(program).get(`/v1/backtests/${started.body.id}`);
    if (found.state !== 'running') {
      assert.equal(found.state, 'done', JSON.stringify(found));
      return found.report;
    }
    await sleep(20);
  }
}

/** The lines of a report in which the draft differs from what happened. */
export const differing = (report: Json) => ({
  units: report.units.filter((line: Json) => line.difference !== '0'),
  rules: report.rules.filter((line: Json) => line.difference !== '0'),
  days: report.days.filter((line: Json) => line.difference !== '0'),
  tiers: report.tiers.filter(
    (tier: Json) => tier.orders.actual !== tier.orders.draft || tier.members.actual !== tier.members.draft,
  ),
});

/** What differs where a replay comes to what happened. */
export const NOTHING = { units: [], rules: [], days: [], tiers: [] };
