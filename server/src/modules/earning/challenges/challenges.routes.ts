import { z } from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { type Ledger, memberText, time } from '../../ledger/index.ts';
import { type Challenge, type Program, startOf, versionAt } from '../../program/index.ts';
import type { ProgramInForce } from '../model.ts';
import { type BadgeAward, badgeAwardsOf } from './badge-awards.store.ts';
import { periodAt } from './challenges.facts.ts';
import { type Award, type ChallengeState, NO_CHALLENGE } from './challenges.model.ts';
import { challengesOfMember } from './challenges.store.ts';
import { amountOf } from './challenges.ts';

const text = z.string();
const MEASURED = 'Minor units of the program\'s currency where `measure` is "spend".';

const goalSchema = z.strictObject({
  target: text.meta({ description: MEASURED }),
  unit: text.nullable().meta({ description: 'Null: it gives no points.' }),
  points: text.nullable(),
  badge: text.nullable(),
  reached: z.array(schemas.instant).meta({
    description: 'When the member reached it in this period; what was taken back is left out.',
  }),
});

const challengeSchema = z.strictObject({
  challenge: text,
  name: text,
  on: text.meta({ description: '`order`, or `activity:` and the name of one.' }),
  currency: text.nullable().meta({ description: 'Of what was spent; null: nothing is counted in money.' }),
  measure: z.enum(['count', 'days', 'spend', 'quantity', 'nights']),
  state: z.enum(['upcoming', 'running', 'completed', 'over']).meta({
    description:
      '`completed`: every goal is reached, as often as it can be. `upcoming` and `over`: by the dates of the challenge.',
  }),
  period: z.strictObject({
    every: z.enum(['day', 'week', 'month', 'year', 'ever']),
    from: schemas.instant.nullable().meta({ description: 'Null: without beginning.' }),
    until: schemas.instant
      .nullable()
      .meta({ description: 'The first instant behind it; null: without end.' }),
  }),
  progress: text.meta({ description: MEASURED }),
  target: text.nullable().meta({ description: 'The next target that is not reached; null: there is none.' }),
  missing: text.meta({ description: 'How much is missing to it; "0" where there is none.' }),
  goals: z.array(goalSchema),
});

const badgeSchema = z.strictObject({
  badge: text,
  name: text,
  description: text.nullable(),
  challenge: text.nullable().meta({ description: 'Null: it was awarded by hand.' }),
  program_version: z.int().meta({ description: 'The version that gave it.' }),
  since: schemas.instant,
  from: text.meta({ description: 'The order or activity that reached the goal, or the award by hand.' }),
  reason: text.nullable().meta({ description: 'Why it was awarded by hand; null: a challenge gave it.' }),
  withdrawn_at: schemas.instant.nullable().meta({ description: 'Null: the member has it.' }),
  withdrawn_by: text.nullable().meta({
    description: 'The return, or the order that was changed; of one by hand the key that was used.',
  }),
});

/** How far members are in their challenges, and what they can show. */
export function challengeRoutes(api: Api, deps: { ledger: Ledger; pool: Pool }): void {
  const { ledger, pool } = deps;
  const memberOf = async (programId: number, member: Parameters<typeof memberText>[0]) => {
    const holder = await ledger.directory.find(programId, memberText(member));
    if (!holder.ok) return holder;
    const facts = await ledger.directory.programs(pool, [programId]);
    const { program, now } = facts.get(programId) as ProgramInForce;
    const stored = await challengesOfMember(pool, holder.value.id);
    const who = { member: wireId('mem', BigInt(holder.value.id)), external_id: holder.value.externalId };
    return accept({ program, now, stored, who, id: holder.value.id });
  };

  api.route(
    {
      method: 'GET',
      path: '/v1/members/{member}/challenges',
      scope: 'members:read',
      tag: 'Activities',
      operation: 'getChallenges',
      summary: 'How far a member is in each challenge, and what is missing',
      description: "In the periods that go on, by the program's clock.",
      program: true,
      params: z.strictObject({ member: schemas.reference('mem') }),
      answers: {
        200: z.strictObject({ member: text, external_id: text, data: z.array(challengeSchema) }),
      },
      refusals: ['member_not_found'],
    },
    async ({ program: { id }, params }) => {
      const found = await memberOf(id, params.member);
      if (!found.ok) return found;
      const { program, now, stored, who } = found.value;
      const version = versionAt(program, now);
      const data = version.challenges.map(challenge => {
        const period = periodAt(challenge, now);
        const own = stored.find(row => row.challenge === challenge.id && row.period === period);
        const currency = challenge.measure === 'spend' ? version.currency : null;
        return { ...challengeToWire(challenge, own?.state ?? NO_CHALLENGE, now), currency };
      });
      return accept({ ...who, data });
    },
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/members/{member}/badges',
      scope: 'members:read',
      tag: 'Activities',
      operation: 'getBadges',
      summary: "A member's badges, and those that were withdrawn",
      description:
        'The latest first. The same badge by a challenge and by hand are two: each is withdrawn by itself.',
      program: true,
      params: z.strictObject({ member: schemas.reference('mem') }),
      answers: {
        200: z.strictObject({ member: text, external_id: text, data: z.array(badgeSchema) }),
      },
      refusals: ['member_not_found'],
    },
    async ({ program: { id }, params }) => {
      const found = await memberOf(id, params.member);
      if (!found.ok) return found;
      const { program, stored, who, id: memberId } = found.value;
      const byHand = (await badgeAwardsOf(pool, [memberId])).get(memberId) ?? [];
      const badges = [
        ...stored.flatMap(({ challenge, state }) => state.awards.flatMap(award => given(challenge, award))),
        ...byHand.map(awarded),
      ];
      badges.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
      return accept({ ...who, data: badges.map(badge => badgeToWire(program, badge)) });
    },
  );
}

/** An instant as callers see it; null where it is infinite. */
const instantOrNull = (at: number): string | null => (Number.isFinite(at) ? (time(at) as string) : null);

function challengeToWire(challenge: Challenge, { progress, awards }: ChallengeState, now: number) {
  const { id, name, on, measure, every, times, timeZone, goals, start, end } = challenge;
  const amount = amountOf(progress);
  const kept = awards.filter(({ back }) => back === null);
  const whole = goals.at(-1)?.target ?? 0n;
  const next = Array.from({ length: times }, (_, round) =>
    goals.map(({ target }, goal) => ({ round, goal, need: BigInt(round) * whole + target })),
  )
    .flat()
    .find(place => !kept.some(({ round, goal }) => round === place.round && goal === place.goal));
  const [first, last] =
    every === 'ever'
      ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
      : [startOf(every, now, timeZone), startOf(every, now, timeZone, 1)];
  const state = now < start ? 'upcoming' : now >= end ? 'over' : next === undefined ? 'completed' : 'running';
  return {
    challenge: id,
    name,
    on: on === 'order' ? on : `activity:${on.activity}`,
    measure,
    state,
    period: {
      every,
      from: instantOrNull(Math.max(first, start)),
      until: instantOrNull(Math.min(last, end)),
    },
    progress: String(amount),
    target: next === undefined ? null : String(next.need),
    missing: next === undefined || next.need <= amount ? '0' : String(next.need - amount),
    goals: goals.map(({ target, bonus, badge }, place) => ({
      target: String(target),
      unit: bonus?.unit.name ?? null,
      points: bonus === null ? null : String(bonus.points),
      badge,
      reached: kept.filter(({ goal }) => goal === place).map(({ at }) => time(at) as string),
    })),
  };
}

/** A badge of a member, wherever it comes from. */
interface Badge {
  /** What it is sorted by: when it was given, and by which decision. */
  readonly at: number;
  readonly id: bigint;
  readonly badge: string;
  readonly challenge: string | null;
  readonly version: number;
  readonly from: string;
  readonly reason: string | null;
  readonly back: { readonly at: number; readonly by: string } | null;
}

/** The badge of a goal; nothing where the goal has none. */
const given = (challenge: string, { id, at, badge, ref, cause, back }: Award): Badge[] =>
  badge === null
    ? []
    : [
        {
          ...{ id, at, badge, challenge, from: cause, reason: null },
          version: Number(ref.slice(ref.lastIndexOf('@') + 1)),
          back: back === null ? null : { at: back.at, by: back.cause },
        },
      ];

const awarded = ({ id, awardedAt: at, badge, version, reason, withdrawal }: BadgeAward): Badge => ({
  ...{ id, at, badge, challenge: null, version, reason },
  from: wireId('bdg', id),
  back: withdrawal === null ? null : { at: withdrawal.at, by: withdrawal.withdrawnBy },
});

function badgeToWire(program: Program, { badge, challenge, version, at, from, reason, back }: Badge) {
  const shown = program.versions[version - 1]?.document.badges?.[badge];
  return {
    badge,
    name: shown?.name ?? badge,
    description: shown?.description ?? null,
    challenge,
    program_version: version,
    since: time(at) as string,
    from,
    reason,
    withdrawn_at: back === null ? null : (time(back.at) as string),
    withdrawn_by: back?.by ?? null,
  };
}
