import { z } from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { type Ledger, memberText } from '../../ledger/index.ts';
import { factsKey, factsOf } from '../../members/index.ts';
import { versionAt } from '../../program/index.ts';
import type { ProgramInForce } from '../model.ts';
import { dayIn } from './streaks.facts.ts';
import { readStreaks } from './streaks.store.ts';
import { lengthAt, NO_STREAK } from './streaks.ts';

const text = z.string();

/** How far members are in their streaks. */
export function streakRoutes(api: Api, deps: { ledger: Ledger; pool: Pool }): void {
  api.route(
    {
      method: 'GET',
      path: '/v1/members/{member}/streaks',
      scope: 'members:read',
      tag: 'Activities',
      operation: 'getStreaks',
      summary: 'How many days a member has in each streak, and what comes next',
      description: "By the program's clock, on the member's calendar.",
      program: true,
      params: z.strictObject({ member: schemas.reference('mem') }),
      answers: {
        200: z.strictObject({
          member: text,
          external_id: text,
          data: z.array(
            z.strictObject({
              streak: text,
              on: text.meta({ description: 'The activity that counts.' }),
              today: z
                .string()
                .meta({ description: "The day on the member's calendar.", examples: ['2026-06-01'] }),
              length: z.int().meta({
                description:
                  'Days of the streak that is going on, today among them where it has the activity.',
              }),
              active_today: z.boolean().meta({ description: 'Whether today has the activity already.' }),
              next: z
                .strictObject({ length: z.int(), unit: text, points: text })
                .nullable()
                .meta({ description: 'The next reward; null: there is none.' }),
            }),
          ),
        }),
      },
      refusals: ['member_not_found'],
    },
    async ({ program, params }) => {
      const holder = await deps.ledger.directory.find(program.id, memberText(params.member));
      if (!holder.ok) return holder;
      const facts = await deps.ledger.directory.programs(deps.pool, [program.id]);
      const { program: own, now } = facts.get(program.id) as ProgramInForce;
      const version = versionAt(own, now);
      const memberId = holder.value.id;
      const streaks = [...version.activities.values()].flatMap(type =>
        type.streaks.map(streak => ({ streak, on: type.name })),
      );
      const question = { programId: program.id, holderId: memberId, at: now };
      const [stored, known] = await deps.pool.snapshot(tx =>
        Promise.all([
          readStreaks(
            tx,
            streaks.map(({ streak }) => ({ memberId, streak: streak.id })),
          ),
          factsOf(tx, [question], { profile: true, lists: [] }),
        ]),
      );
      const today = dayIn(known.get(factsKey(question))?.profile.timeZone ?? version.timeZone, now);
      return accept({
        member: wireId('mem', BigInt(memberId)),
        external_id: holder.value.externalId,
        data: streaks.map(({ streak: { id, freezes, rewards }, on }) => {
          const state = stored.find(row => row.streak === id)?.state ?? NO_STREAK;
          const isActive = state.days.some(([first, last]) => first <= today && today <= last);
          const length = lengthAt(state, today, freezes);
          const next = rewards.find(reward => reward.length > length);
          return {
            streak: id,
            on,
            today: new Date(today * 86_400_000).toISOString().slice(0, 10),
            length,
            active_today: isActive,
            next: next ? { length: next.length, unit: next.unit.name, points: String(next.points) } : null,
          };
        }),
      });
    },
  );
}
