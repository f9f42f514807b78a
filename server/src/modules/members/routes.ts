import { z } from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeIdCursor, nextById } from '#platform/http/cursors.ts';
import {
  cursor,
  externalId,
  formatInstant,
  instant,
  limit,
  page,
  reference,
} from '#platform/http/schemas.ts';
import type { Done, Ledger, ProgramFacts } from '../ledger/index.ts';
import { factsKey, factsOf } from './facts.ts';
import { type Member, memberId } from './model.ts';
import { changeOf, profileInput, profileShape, profileView } from './profile.routes.ts';
import type { Profile } from './profile.ts';
import type { EnrolAnswer, EnrolBody } from './profiles.ts';
import type { MembersService } from './service.ts';

const TYPES = ['person', 'household'] as const;

const shown = z
  .strictObject({
    id: z.string().describe('The id of the member in Fealty: mem_…'),
    external_id: externalId.describe(
      "The company's own id; `ext:` and this id name the member in every request.",
    ),
    type: z
      .enum(TYPES)
      .describe('A `household` is a pool of several persons; it has balances and entries as a person has.'),
    status: z.enum(['active']),
    enrolled_at: z.string().describe("By the program's clock."),
    profile: profileShape,
  })
  .meta({ id: 'Member' });

const view = (member: Omit<Member, 'programId'>, profile: Profile): z.input<typeof shown> => ({
  id: memberId(member.id),
  external_id: member.externalId,
  type: member.type,
  status: member.status,
  enrolled_at: formatInstant(member.enrolledAt),
  profile: profileView(profile),
});

export interface MembersApiDeps {
  members: MembersService;
  ledger: Ledger;
  pool: Pool;
}

export const memberRoutes =
  ({ members, ledger, pool }: MembersApiDeps) =>
  (api: Api): void => {
    const now = async (programId: number): Promise<number> => {
      const programs = await ledger.directory.programs(pool, [programId]);
      return (programs.get(programId) as ProgramFacts).now;
    };
    /** Members with their profiles at an instant, in the order given. */
    const views = async (found: readonly Member[], at: number) => {
      const questions = found.map(({ programId, id }) => ({ programId, holderId: Number(id), at }));
      const facts = await factsOf(pool, questions, { profile: true, lists: [] });
      return found.map((member, index) => {
        const known = facts.get(factsKey(questions[index] as (typeof questions)[number]));
        if (known === undefined) throw new Error('a member of a list was not found again');
        return view(member, known.profile);
      });
    };

    api.route(
      {
        method: 'POST',
        path: '/v1/members',
        scope: 'members:write',
        summary: 'Enrol a member',
        description:
          'A member who is enrolled already is answered with 200 and stays as it is; change its profile with `PATCH /v1/members/{member}/profile`.',
        tag: 'Members',
        operation: 'createMember',
        program: true,
        body: z.strictObject({ external_id: externalId, profile: profileInput.optional() }),
        answers: { 200: shown, 201: shown },
        refusals: ['member_reference_invalid', 'too_many_attributes'],
        dryRun: true,
      },
      async ({ program, body, dryRun }) => {
        const sent: EnrolBody = { profile: body.profile === undefined ? null : changeOf(body.profile, true) };
        const member = `ext:${body.external_id}`;
        const command = {
          type: 'enrol',
          programId: program.id,
          member,
          key: null,
          payload: null,
          body: sent,
        };
        const [outcome] = (await ledger.run<EnrolAnswer>([command], dryRun)) as [Outcome<Done<EnrolAnswer>>];
        if (!outcome.ok) return outcome;
        const { memberId: id, externalId, type, enrolledAt, profile } = outcome.value.answer();
        const enrolled = { id: BigInt(id), externalId, type, status: 'active' as const, enrolledAt };
        return { ...accept(view(enrolled, profile)), status: outcome.value.known ? 200 : 201 };
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/members',
        scope: 'members:read',
        summary: 'List members in the order in which they were enrolled',
        tag: 'Members',
        operation: 'listMembers',
        program: true,
        query: z.strictObject({
          limit,
          cursor: cursor.optional(),
          type: z.enum(TYPES).optional().describe('Only persons, or only households; left out: both.'),
        }),
        answers: { 200: page(shown).meta({ id: 'MemberPage' }) },
      },
      async call => {
        const after = call.query.cursor === undefined ? 0n : decodeIdCursor(call.query.cursor);
        if (after === undefined) return refuse('invalid_request', 'The cursor is not one of this list.');
        const rows = await members.list(pool, call.program.id, { after, ...call.query });
        const data = await views(rows, await now(call.program.id));
        return accept({ data, next: nextById(rows, call.query.limit) });
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/members/{member}',
        scope: 'members:read',
        summary: 'Show a member',
        tag: 'Members',
        operation: 'getMember',
        program: true,
        params: z.strictObject({ member: reference('mem') }),
        query: z.strictObject({
          as_of: instant.optional().describe('The profile as it was then; left out: as it is.'),
        }),
        answers: { 200: shown },
        refusals: ['member_not_found', 'member_reference_invalid', 'as_of_in_future'],
      },
      async ({ program, params, query }) => {
        const found = await members.find(pool, program.id, params.member);
        if (!found.ok) return found;
        const present = await now(program.id);
        if (query.as_of !== undefined && query.as_of > present)
          return refuse(
            'as_of_in_future',
            'The instant lies in the future of the program. Leave as_of out for the profile now.',
          );
        const [shown] = await views([found.value], query.as_of ?? present);
        return accept(shown);
      },
    );
  };
