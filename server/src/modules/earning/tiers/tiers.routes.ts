import { z } from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { type Ledger, memberText, time } from '../../ledger/index.ts';
import type { Members } from '../../members/index.ts';
import {
  type Program,
  type ProgramVersion,
  type Tiers,
  versionAt,
  windowStart,
} from '../../program/index.ts';
import type { ProgramInForce } from '../model.ts';
import { courseFacts, courseOf } from './tier-watch.ts';
import { grantedTo, loadTimeline, placeOf } from './tiers.ts';
import { sumsOf } from './timeline.ts';

interface TierDeps {
  ledger: Ledger;
  pool: Pool;
  members: Members;
}

const MEMBERS_A_PAGE = 5_000;
const text = z.string();
const whole = z.string().meta({ pattern: '^-?[0-9]+$' });
const query = z.strictObject({
  as_of: schemas.instant
    .optional()
    .describe('Left out: now. In the future: what it will be if nothing happens until then.'),
});

/** The program at an instant with its tiers, or the refusal. */
async function inForce(
  { ledger, pool }: TierDeps,
  programId: number,
  asOf: number | undefined,
): Promise<Outcome<{ at: number; program: Program; version: ProgramVersion; tiers: Tiers }>> {
  const facts = (await ledger.directory.programs(pool, [programId])).get(programId) as ProgramInForce;
  const at = asOf ?? facts.now;
  const version = versionAt(facts.program, at);
  if (version.tiers === null)
    return refuse('program_without_tiers', `Version ${version.version} of ${facts.name} has no tiers.`);
  return accept({ at, program: facts.program, version, tiers: version.tiers });
}

/** Tiers of members, as they are and as they were. */
export function tierRoutes(api: Api, deps: TierDeps): void {
  api.route(
    {
      method: 'GET',
      path: '/v1/members/{member}/tier',
      scope: 'members:read',
      tag: 'Members',
      operation: 'getTier',
      summary: 'The tier of a member, and what is missing to the next one',
      description:
        'By everything that has arrived so far: an order that came late or a return can change what is answered for the past, but not what was decided then.',
      program: true,
      params: z.strictObject({ member: schemas.reference('mem') }),
      query,
      answers: {
        200: z.strictObject({
          member: text,
          external_id: text,
          as_of: schemas.instant,
          tier: text,
          multiplier: text,
          qualify_by: z.enum(['spend', 'orders', 'nights', 'points']),
          window_from: schemas.instant
            .nullable()
            .describe('What is later than this counts; null: everything.'),
          sum: whole.describe("Spend in minor units of the program's currency."),
          next: z.strictObject({ tier: text, from: whole, missing: whole }).nullable(),
          granted: z
            .strictObject({ grant: text, until: schemas.instant.nullable() })
            .nullable()
            .describe('Where the tier was given by hand or by a campaign: the grant, and when it ends.'),
          until: schemas.instant
            .nullable()
            .describe('When the member falls if nothing more happens; null: not by time alone.'),
          projected: z
            .strictObject({
              tier: text,
              missing: whole
                .nullable()
                .describe(
                  'What is missing to keep the present tier; null: nothing, or it is by invitation only.',
                ),
            })
            .describe('The tier from `until` on; the present one where the member does not fall.'),
        }),
      },
      refusals: ['member_not_found', 'program_without_tiers'],
    },
    async ({ program, params, query: { as_of } }) => {
      const found = await inForce(deps, program.id, as_of);
      if (!found.ok) return found;
      const holder = await deps.ledger.directory.find(program.id, memberText(params.member));
      if (!holder.ok) return holder;
      const { at, version, tiers } = found.value;
      const question = { programId: program.id, memberId: holder.value.id, at, version };
      const { program: own } = found.value;
      const { facts, course } = await deps.pool.snapshot(async tx => {
        const asked = { program: own, memberId: question.memberId, from: at, until: at };
        const [facts, course] = await Promise.all([loadTimeline(tx, [question]), courseFacts(tx, [asked])]);
        return { facts, course: courseOf(course, own, question.memberId) };
      });
      const fall = course.fallAfter(at);
      const from = windowStart(tiers, at, facts.enrolled.get(question.memberId) ?? at);
      const sum = sumsOf(facts, question.memberId, tiers.by, at)(from, at);
      const place = placeOf(facts, question) as number;
      const level = tiers.levels[place] as Tiers['levels'][number];
      const granted = grantedTo(facts, question);
      const next = tiers.levels.slice(place + 1).find(candidate => candidate.from !== null);
      return accept({
        member: wireId('mem', BigInt(holder.value.id)),
        external_id: holder.value.externalId,
        as_of: time(at) as string,
        tier: level.id,
        multiplier: `${level.multiplier.num}/${level.multiplier.den}`,
        qualify_by: tiers.by,
        window_from: from === Number.NEGATIVE_INFINITY ? null : (time(from) as string),
        sum: String(sum),
        next:
          next === undefined
            ? null
            : { tier: next.id, from: String(next.from), missing: String((next.from as bigint) - sum) },
        granted:
          granted?.place === place
            ? {
                grant: wireId('tgr', granted.grant.id),
                until: Number.isFinite(granted.until) ? time(granted.until) : null,
              }
            : null,
        until: fall === null ? null : (time(fall.at) as string),
        projected: {
          tier: tiers.levels[fall?.place ?? place]?.id as string,
          missing: fall === null || fall.missing === null ? null : String(fall.missing),
        },
      });
    },
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/tiers',
      scope: 'program:read',
      tag: 'Programs',
      operation: 'countTiers',
      summary: 'How many members each tier has',
      description: 'Asks for every member: about 10 seconds for a million.',
      program: true,
      query,
      answers: {
        200: z.strictObject({
          as_of: schemas.instant,
          levels: z.array(z.strictObject({ tier: text, members: z.int() })),
        }),
      },
      refusals: ['program_without_tiers'],
    },
    async ({ program, query: { as_of } }) => {
      const found = await inForce(deps, program.id, as_of);
      if (!found.ok) return found;
      const { at, version, tiers } = found.value;
      const members = await countMembers(deps, program.id, version, at);
      return accept({
        as_of: time(at) as string,
        levels: tiers.levels.map(({ id }, place) => ({ tier: id, members: members[place] ?? 0 })),
      });
    },
  );
}

/** How many persons have each place at `at`, a page of members after the other. */
async function countMembers(
  { pool, members }: TierDeps,
  programId: number,
  version: ProgramVersion,
  at: number,
): Promise<number[]> {
  const counts: number[] = [];
  for (let after = 0n; ; ) {
    const page = await members.list(pool, programId, { after, limit: MEMBERS_A_PAGE, type: 'person' });
    const questions = page.map(({ id }) => ({ programId, memberId: Number(id), at, version }));
    const facts = await loadTimeline(pool, questions);
    for (const question of questions) {
      const place = placeOf(facts, question) as number;
      counts[place] = (counts[place] ?? 0) + 1;
    }
    if (page.length < MEMBERS_A_PAGE) return counts;
    after = page.at(-1)?.id ?? after;
  }
}
