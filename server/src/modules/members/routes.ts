import { z } from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeIdCursor, encodeIdCursor } from '#platform/http/cursors.ts';
import { cursor, externalId, formatInstant, limit, page, reference } from '#platform/http/schemas.ts';
import { type Member, memberId } from './model.ts';
import type { MembersService } from './service.ts';

const shown = z
  .strictObject({
    id: z.string().describe('The id of the member in Fealty: mem_…'),
    external_id: externalId.describe(
      "The company's own id; `ext:` and this id name the member in every request.",
    ),
    status: z.enum(['active']),
    enrolled_at: z.string().describe("By the program's clock."),
  })
  .meta({ id: 'Member' });

const view = (member: Member): z.input<typeof shown> => ({
  id: memberId(member.id),
  external_id: member.externalId,
  status: member.status,
  enrolled_at: formatInstant(member.enrolledAt),
});

export function memberRoutes(api: Api, members: MembersService, pool: Pool): void {
  api.route(
    {
      method: 'POST',
      path: '/v1/members',
      scope: 'members:write',
      summary: 'Enrol a member',
      description: 'A member who is enrolled already is answered with 200.',
      tag: 'Members',
      operation: 'createMember',
      program: true,
      body: z.strictObject({ external_id: externalId }),
      answers: { 200: shown, 201: shown },
      refusals: ['member_reference_invalid'],
      dryRun: true,
    },
    async call => {
      const enrolled = await members.enrol(call.program.id, call.body.external_id, call.dryRun);
      if (!enrolled.ok) return enrolled;
      return { ...accept(view(enrolled.value.member)), status: enrolled.value.created ? 201 : 200 };
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
      query: z.strictObject({ limit, cursor: cursor.optional() }),
      answers: { 200: page(shown).meta({ id: 'MemberPage' }) },
    },
    async call => {
      const after = call.query.cursor === undefined ? 0n : decodeIdCursor(call.query.cursor);
      if (after === undefined) return refuse('invalid_request', 'The cursor is not one of this list.');
      const rows = await members.list(pool, call.program.id, after, call.query.limit);
      const last = rows.length < call.query.limit ? undefined : rows.at(-1);
      return accept({ data: rows.map(view), next: last ? encodeIdCursor(last.id) : null });
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
      answers: { 200: shown },
      refusals: ['member_not_found', 'member_reference_invalid'],
    },
    async call => {
      const found = await members.find(pool, call.program.id, call.params.member);
      return found.ok ? accept(view(found.value)) : found;
    },
  );
}
