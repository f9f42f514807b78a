import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestEngine } from './engine.ts';

/** How many members of a program are asked for their tier. */
const MEMBERS_ASKED = 100;

/** The tiers of some members by the program's clock; null where the program has none. */
async function tiersNow(engine: TestEngine, program: string): Promise<Map<string, string> | null> {
  const path = `/v1/members?type=person&limit=${MEMBERS_ASKED}`;
  const members = await engine.get<{ data: { id: string }[] }>(path, program);
  const tiers = new Map<string, string>();
  for (const { id } of members.body.data) {
    const { status, body } = await engine.get<{ tier: string }>(`/v1/members/${id}/tier`, program);
    if (status === 404) return null;
    tiers.set(id, body.tier);
  }
  return tiers;
}

/** The tier of each member that was announced last; every change goes on from the one before. */
async function tiersAnnounced(engine: TestEngine, program: string): Promise<Map<string, string>> {
  const announced = new Map<string, string>();
  for (let next: string | undefined; ; ) {
    const { body } = await engine.get<{
      data: { type: string; member: string; data: { from: string; to: string } }[];
      next: string;
    }>(`/v1/events?limit=1000${next === undefined ? '' : `&after=${next}`}`, program);
    for (const { type, member, data } of body.data) {
      if (type !== 'tier.changed') continue;
      assert.equal(data.from, announced.get(member) ?? data.from, `${member} goes on from the change before`);
      announced.set(member, data.to);
    }
    next = body.next;
    if (body.data.length < 1000) return announced;
  }
}

/** What was announced last is the tier by the program's clock; of whom nothing was, the first one. */
async function compareTiers(engine: TestEngine, program: string): Promise<void> {
  const now = await tiersNow(engine, program);
  if (now === null || now.size === 0) return;
  const { body } = await engine.get<{ levels: { tier: string }[] }>('/v1/tiers', program);
  const first = body.levels[0]?.tier as string;
  for (let waited = 0; ; waited += 50) {
    const announced = await tiersAnnounced(engine, program);
    const told = [...now.keys()].map(id => [id, announced.get(id) ?? first]);
    if (waited < 20_000 && told.some(([id, tier]) => now.get(id as string) !== tier)) {
      await sleep(50);
      continue;
    }
    assert.deepEqual(told, [...now], `the tiers of ${program}: what was announced, and what is`);
    return;
  }
}

/** The same of all programs, once everything that is due was announced. */
export async function compareAllTiers(engine: TestEngine): Promise<void> {
  await engine.engine.announceTiers();
  for (const { name } of await engine.sql<{ name: string }>(
    'select name from program.programs where version > 0',
  ))
    await compareTiers(engine, name);
}
