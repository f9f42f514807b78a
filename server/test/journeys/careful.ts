import assert from 'node:assert/strict';
import { balance, type Caller, type Json, order, type Running, testClock } from './engine.ts';

/* A program that watches how fast its members earn, and short words for what is done to it. */

export const NOW = '2026-06-01T12:00:00.000Z';
export const TEN = Date.parse('2026-06-01T10:00:00.000Z');
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const burst = { id: 'burst', unit: 'points', more_than: '1000', within: 'PT5M', pause: 'PT1H' };

/** So many ms after ten. */
export const at = (after: number): string => new Date(TEN + after).toISOString();

let keys = 0;

export async function careful(run: Running, name: string, more: object = {}): Promise<Caller> {
  await run.program(name, { ...testClock(NOW), velocity: [burst], ...more });
  return run.on(name);
}

export async function buy(
  api: Caller,
  dollars: number,
  after: number,
  more: Record<string, unknown> = {},
): Promise<Json> {
  const { status, body } = await api.post('/v1/orders', order(dollars, { occurred_at: at(after), ...more }));
  assert.ok(status < 300, JSON.stringify(body));
  return body;
}

export const cases = async (api: Caller, query = ''): Promise<Json[]> =>
  (await api.get(`/v1/cases${query}`)).body.data;

export const decide = (
  api: Caller,
  id: string,
  verdict: string,
  key = `key-${++keys}`,
  note = 'looked into it',
) => api.post(`/v1/cases/${id}/${verdict}`, { note }, { 'idempotency-key': key });

/** Available and pending points of a member. */
export async function points(api: Caller, member = 'ext:ann'): Promise<[number, number]> {
  const { available, pending } = await balance(api, member);
  return [Number(available), Number(pending)];
}
