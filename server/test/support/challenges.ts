import assert from 'node:assert/strict';
import type { TestEngine } from './engine.ts';

interface PeriodRow {
  member_id: string;
  challenge: string;
  period: string;
  state: {
    sum: string;
    days?: [number, number][];
    awards?: {
      ref: string;
      round: number;
      goal: number;
      need: string;
      back?: object;
      points?: [number, string, number];
    }[];
  };
}

interface PartRow {
  member_id: string;
  challenge: string;
  period: string;
  value: string;
  day: number | null;
}

const nameOf = ({ member_id, challenge, period }: Omit<PartRow, 'value' | 'day'>): string =>
  `${member_id} ${challenge} ${period}`;

/**
 * The progress of each period is what its orders and activities count now, no goal is given twice, none is given that is
 * not reached, and the points of each stand in the ledger.
 */
export async function compareChallenges(engine: TestEngine): Promise<void> {
  const periods = await engine.sql<PeriodRow>('select * from earning.challenges');
  const parts = await engine.sql<PartRow>(
    `select distinct on (cause, challenge, period) member_id, challenge, period, value, day
     from earning.challenge_steps order by cause, challenge, period, id desc`,
  );
  const lots = new Map(
    (
      await engine.sql<{ wallet_id: string; seq: number; rule: string; points: string }>(
        `select wallet_id, seq, rule, (available + pending)::text as points from ledger.entries where kind = 'bonus'`,
      )
    ).map(row => [`${row.wallet_id} ${row.seq}`, `${row.rule} ${row.points}`]),
  );
  const counted = Map.groupBy(parts, nameOf);
  assert.deepEqual([...counted.keys()].sort(), periods.map(nameOf).sort(), 'periods of challenges');
  for (const row of periods) {
    const name = nameOf(row);
    const own = (counted.get(name) ?? []).filter(({ value }) => value !== '0');
    const days = new Set(own.flatMap(({ day }) => day ?? []));
    const sum = own.reduce((all, { value, day }) => (day === null ? all + BigInt(value) : all), 0n);
    assert.equal(BigInt(row.state.sum), sum, `${name}: the sum`);
    assert.deepEqual(new Set((row.state.days ?? []).map(([day]) => day)), days, `${name}: the days`);
    const kept = (row.state.awards ?? []).filter(({ back }) => back === undefined);
    const places = kept.map(({ round, goal }) => `${round} ${goal}`);
    assert.equal(new Set(places).size, places.length, `${name}: a goal is given twice`);
    for (const { need, ref, points } of kept) {
      assert.ok(BigInt(need) <= sum + BigInt(days.size), `${name}: ${need} is not reached`);
      if (points === undefined) continue;
      const wallet = BigInt(row.member_id) * 64n + BigInt(points[0]);
      assert.equal(lots.get(`${wallet} ${points[2]}`), `${ref} ${points[1]}`, `${name}: its points`);
    }
  }
}
