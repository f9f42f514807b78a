import { numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { StreakState } from './streaks.ts';

/** Whose streak. */
export interface StreakQuestion {
  readonly memberId: number;
  readonly streak: string;
}

const read = statement(
  'earning_streaks',
  `select s.member_id, s.streak, s.state from ${unnested(1, 'member_id bigint, streak text')} as u
   join earning.streaks s on s.member_id = u.member_id and s.streak = u.streak`,
);

/** The streaks that have begun. */
export async function readStreaks(
  tx: Tx,
  asked: readonly StreakQuestion[],
): Promise<(StreakQuestion & { state: StreakState })[]> {
  const rows = await tx.run<[bigint, string, StreakState]>(read, [
    numbers(asked.map(({ memberId }) => memberId)),
    texts(asked.map(({ streak }) => streak)),
  ]);
  return rows.map(([memberId, streak, state]) => ({ memberId: Number(memberId), streak, state }));
}

const write = statement(
  'earning_write_streaks',
  `insert into earning.streaks (member_id, streak, state)
   select u.member_id, u.streak, u.state::json
   from ${unnested(1, 'member_id bigint, streak text, state text')} as u
   on conflict (member_id, streak) do update set state = excluded.state`,
);

/** Writes streaks of members who are locked, each once. */
export async function writeStreaks(
  tx: Tx,
  rows: readonly (StreakQuestion & { state: StreakState })[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.run(write, [
    numbers(rows.map(({ memberId }) => memberId)),
    texts(rows.map(({ streak }) => streak)),
    texts(rows.map(({ state }) => JSON.stringify(state))),
  ]);
}
