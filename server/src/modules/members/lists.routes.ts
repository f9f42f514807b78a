import { z } from 'zod';
import { accept, refuse } from '#platform/errors.ts';
import { type Api, BULK_BODY_LIMIT } from '#platform/http/api.ts';
import { decodeCursor, decodeIdCursor, encodeCursor, nextById } from '#platform/http/cursors.ts';
import { cursor, formatInstant, instant, limit, page, reference } from '#platform/http/schemas.ts';
import { memberText } from '../ledger/index.ts';
import type { List } from './list.store.ts';
import * as store from './list.store.ts';
import { createListsService, type ListsDeps } from './lists.service.ts';
import { memberId } from './model.ts';
import type { Upload } from './upload.store.ts';
import { createUploads } from './uploads.ts';

const MAX_MEMBERS = 10_000;

const name = (what: string) =>
  z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9_-]{0,62}$/,
      'must have 1 to 63 of a-z, 0-9, underscore and hyphen, and begin with a letter or digit',
    )
    .describe(what);
const listName = name('The name of the list, as the audience of a campaign names it.').meta({
  examples: ['newsletter'],
});
const uploadName = name('Your name for the upload.').meta({ examples: ['2026-11-21'] });
const count = z.int().min(0);

const listShape = z
  .strictObject({
    list: listName,
    members: count.describe('How many members are on it now.'),
    created_at: instant,
    changed_at: instant.describe('When a member last joined or left.'),
  })
  .meta({ id: 'List', description: 'Members that were uploaded under a name.' });
const uploadShape = z
  .strictObject({
    upload: uploadName,
    staged: count.describe('How many members were sent.'),
    takes_effect_at: instant
      .nullable()
      .describe('The instant at which the list changes; null before it is finished.'),
    done: z.boolean().describe('Whether all of it was carried out. Where not, finish it again: it goes on.'),
    added: count,
    removed: count,
  })
  .meta({ id: 'ListUpload', description: 'A list that is replaced as a whole.' });

const listView = (list: List) => ({
  list: list.name,
  members: list.members,
  created_at: formatInstant(list.createdAt),
  changed_at: formatInstant(list.changedAt),
});
const uploadView = (upload: Upload) => ({
  upload: upload.name,
  staged: upload.staged,
  takes_effect_at: upload.finishedAt === null ? null : formatInstant(upload.finishedAt),
  done: upload.done,
  added: upload.added,
  removed: upload.removed,
});

const tag = 'Lists';
const ofList = z.strictObject({ list: listName });
const ofUpload = z.strictObject({ list: listName, upload: uploadName });

export function listRoutes(deps: ListsDeps): (api: Api) => void {
  const lists = createListsService(deps);
  const uploads = createUploads(deps, lists);
  const { pool } = deps;
  return api => {
    api.route(
      {
        method: 'POST',
        path: '/v1/lists/{list}/members',
        scope: 'lists:write',
        summary: 'Add members to a list, remove them, or send a list that replaces it',
        description:
          'Up to 10,000 members a call. The first members that are added make the list. `add` and `remove` hold from now on; sent again they change nothing. With `replace` and the name of an `upload` the members are only put aside, call by call, and the list changes when the upload is finished.',
        tag,
        operation: 'changeListMembers',
        program: true,
        params: ofList,
        body: z
          .strictObject({
            mode: z.enum(['add', 'remove', 'replace']),
            upload: uploadName.optional().describe('With `replace`: your name for the upload.'),
            members: z.array(reference('mem')).min(1).max(MAX_MEMBERS),
          })
          .refine(({ mode, upload }) => (mode === 'replace') === (upload !== undefined), {
            path: ['upload'],
            message: 'must be there with the mode replace, and only then',
          })
          .meta({ id: 'ListChange' }),
        bodyLimit: BULK_BODY_LIMIT,
        answers: {
          200: z
            .strictObject({
              list: listName,
              members: count.describe('How many members are on the list now.'),
              staged: count.describe('How many the upload has now; 0 without one.'),
              changed: count.describe('How many were added, removed or put aside by this call.'),
              unchanged: count.describe('How many it was so for already.'),
              unknown: count.describe('How many rows name no member of the program. They are left out.'),
              unknown_rows: z.array(count).describe('Which rows, from 0.'),
            })
            .meta({ id: 'ListChangeAnswer' }),
        },
        refusals: [
          'list_not_found',
          'list_full',
          'list_busy',
          'list_upload_not_found',
          'list_upload_finished',
          'too_many_lists',
        ],
        dryRun: true,
      },
      async ({ program, params, body, dryRun }) => {
        const joins = body.mode !== 'remove';
        const list = joins
          ? await lists.make(program.id, params.list, dryRun)
          : await lists.find(program.id, params.list);
        if (!list.ok) return list;
        const members = body.members.map(memberText);
        const view = (done: { staged: number; changed: number; unknown: number[] }, size: number) =>
          accept({
            list: params.list,
            members: size,
            staged: done.staged,
            changed: done.changed,
            unchanged: members.length - done.changed - done.unknown.length,
            unknown: done.unknown.length,
            unknown_rows: done.unknown,
          });
        if (body.upload !== undefined) {
          const put = await uploads.stage(program.id, list.value, body.upload, members, dryRun);
          return put.ok ? view({ ...put.value, changed: put.value.added }, list.value.members) : put;
        }
        const open = list.value.id === 0 ? undefined : await uploads.openOf(list.value);
        if (open !== undefined && open.finishedAt !== null)
          return refuse(
            'list_busy',
            `The upload ${open.name} of the list ${params.list} is being carried out. Finish it first.`,
            { reasons: [{ code: 'list_busy', upload: open.name }] },
          );
        const done = await lists.change(program.id, list.value, members, { joins, at: null, dryRun });
        if (!done.ok) return done;
        const { changed } = done.value;
        const now = dryRun ? undefined : await lists.find(program.id, params.list);
        const size = now?.ok ? now.value.members : list.value.members + (joins ? changed : -changed);
        return view({ ...done.value, staged: 0 }, size);
      },
    );

    api.route(
      {
        method: 'POST',
        path: '/v1/lists/{list}/uploads/{upload}/finish',
        scope: 'lists:write',
        summary: 'Replace a list by what was uploaded',
        description:
          'At one instant, that of the first call, whoever was not sent leaves and whoever was sent joins. One call changes up to about 50,000 members; while `done` is false, call again. Finished again it answers the same.',
        tag,
        operation: 'finishListUpload',
        program: true,
        params: ofUpload,
        answers: { 200: uploadShape },
        refusals: ['list_not_found', 'list_upload_not_found', 'list_full'],
        dryRun: true,
      },
      async ({ program, params, dryRun }) => {
        const list = await lists.find(program.id, params.list);
        if (!list.ok) return list;
        const finished = await uploads.finish(program.id, list.value, params.upload, dryRun);
        return finished.ok ? accept(uploadView(finished.value)) : finished;
      },
    );

    api.route(
      {
        method: 'DELETE',
        path: '/v1/lists/{list}/uploads/{upload}',
        scope: 'lists:write',
        summary: 'Abandon an upload that was not finished',
        description: 'The list stays as it is; what was sent is forgotten.',
        tag,
        operation: 'abandonListUpload',
        program: true,
        params: ofUpload,
        answers: { 200: uploadShape },
        refusals: ['list_not_found', 'list_upload_not_found', 'list_upload_finished', 'list_busy'],
        dryRun: true,
      },
      async ({ program, params, dryRun }) => {
        const list = await lists.find(program.id, params.list);
        if (!list.ok) return list;
        const gone = await uploads.abandon(list.value, params.upload, dryRun);
        return gone.ok ? accept(uploadView(gone.value)) : gone;
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/lists',
        scope: 'lists:read',
        summary: 'List the lists of a program by name',
        tag,
        operation: 'listLists',
        program: true,
        query: z.strictObject({ limit, cursor: cursor.optional() }),
        answers: { 200: page(listShape).meta({ id: 'ListPage' }) },
      },
      async ({ program, query }) => {
        const after = query.cursor === undefined ? '' : decodeCursor(query.cursor, 1)?.[0];
        if (after === undefined || (after !== '' && !listName.safeParse(after).success))
          return refuse('invalid_request', 'The cursor is not one of this list.');
        const rows = await store.lists(pool, program.id, after, query.limit);
        const last = rows.length < query.limit ? undefined : rows.at(-1);
        return accept({ data: rows.map(listView), next: last ? encodeCursor(last.name) : null });
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/lists/{list}',
        scope: 'lists:read',
        summary: 'Show a list, and its upload that is open',
        tag,
        operation: 'getList',
        program: true,
        params: ofList,
        answers: { 200: listShape.extend({ upload: uploadShape.nullable() }).meta({ id: 'ListDetail' }) },
        refusals: ['list_not_found'],
      },
      async ({ program, params }) => {
        const list = await lists.find(program.id, params.list);
        if (!list.ok) return list;
        const open = await uploads.openOf(list.value);
        return accept({ ...listView(list.value), upload: open === undefined ? null : uploadView(open) });
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/lists/{list}/members',
        scope: 'lists:read',
        summary: 'Who is on a list, or was',
        tag,
        operation: 'listListMembers',
        program: true,
        params: ofList,
        query: z.strictObject({
          limit,
          cursor: cursor.optional(),
          as_of: instant.optional().describe('Who was on it then; left out: who is.'),
        }),
        answers: {
          200: page(z.strictObject({ member: z.string(), external_id: z.string(), joined_at: instant })).meta(
            { id: 'ListMemberPage' },
          ),
        },
        refusals: ['list_not_found', 'as_of_in_future'],
      },
      async ({ program, params, query }) => {
        const list = await lists.find(program.id, params.list);
        if (!list.ok) return list;
        const after = query.cursor === undefined ? 0n : decodeIdCursor(query.cursor);
        if (after === undefined) return refuse('invalid_request', 'The cursor is not one of this list.');
        const now = await lists.now(program.id);
        if (query.as_of !== undefined && query.as_of > now)
          return refuse(
            'as_of_in_future',
            'The instant lies in the future of the program. Leave as_of out for now.',
          );
        const of = { programId: program.id, id: list.value.id, at: query.as_of ?? now };
        const rows = await store.membersOf(pool, of, after, query.limit);
        const data = rows.map(({ id, externalId, joinedAt }) => ({
          member: memberId(id),
          external_id: externalId,
          joined_at: formatInstant(joinedAt),
        }));
        return accept({ data, next: nextById(rows, query.limit) });
      },
    );
  };
}
