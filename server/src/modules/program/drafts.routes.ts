import { z } from 'zod';
import { accept, refuse } from '#platform/errors.ts';
import type { Api, Credentials } from '#platform/http/api.ts';
import { decodeCursor, encodeCursor } from '#platform/http/cursors.ts';
import {
  formatInstant,
  instant,
  line,
  page,
  pageQuery,
  programName,
  wholeNumber,
} from '#platform/http/schemas.ts';
import { MAX_DOCUMENT } from './document.ts';
import type { Draft, Person } from './drafts.store.ts';
import type { DraftService, DraftView } from './drafts.ts';
import { changes, documentBody, MAX_VERSION, namedDocument } from './routes.ts';

const states = z.enum(['open', 'approved', 'published', 'withdrawn']);
const person = { key: z.string().meta({ examples: ['key_0000000000001'] }), label: z.string() };
const listed = z.strictObject({
  draft: programName,
  revision: z.int().describe('Grows with every change of the document; a review names it.'),
  base_version: z
    .int()
    .describe('The version that the document was made from; 0: there was no program of this name.'),
  state: states,
  author: z.strictObject(person).describe('The key that wrote the document as it is.'),
  review: z
    .strictObject({ ...person, note: z.string().nullable(), at: z.string() })
    .nullable()
    .describe('The key that approved it.'),
  published_version: z.int().nullable(),
  created_at: z.string(),
  changed_at: z.string().describe('When the document was written as it is.'),
});
const shown = listed
  .extend({
    program: programName,
    latest_version: z
      .int()
      .describe(
        'Another than `base_version`: somebody has published since, so this draft cannot be. 0: nothing was published yet.',
      ),
    changes: changes.describe('Against `base_version`; against nothing where that is 0.'),
    document: namedDocument,
  })
  .meta({ id: 'Draft' });

const params = z.strictObject({ program: programName, draft: programName });
const revision = wholeNumber(0, MAX_VERSION);

const listedView = (draft: Draft) => ({
  draft: draft.name,
  revision: draft.revision,
  base_version: draft.baseVersion,
  state: draft.state,
  author: draft.author,
  review: draft.review && { ...draft.review, at: formatInstant(draft.review.at) },
  published_version: draft.publishedVersion,
  created_at: formatInstant(draft.createdAt),
  changed_at: formatInstant(draft.changedAt),
});
const shownView = (view: DraftView) => ({
  ...listedView(view),
  program: view.program,
  latest_version: view.latestVersion,
  changes: view.changes,
  document: view.document,
});
const personOf = ({ id, label }: Credentials): Person => ({ key: id, label });

export function draftRoutes(api: Api, drafts: DraftService): void {
  const tag = 'Drafts';
  const missing = ['program_not_found', 'draft_not_found'];
  const path = '/v1/programs/{program}/drafts/{draft}';

  api.route(
    {
      method: 'PUT',
      path,
      scope: 'program:draft',
      summary: 'Write a draft of the next version',
      description:
        'The document is checked as at its publication. One that is changed after its approval has to be approved again. The program need not exist: it comes into being with the publication, as version 1.',
      tag,
      operation: 'putDraft',
      params,
      query: z.strictObject({
        base_version: wholeNumber(0, MAX_VERSION)
          .optional()
          .describe(
            'The version that the document was made from (0: none). Left out: that of the draft; of a new draft the latest.',
          ),
        revision: revision
          .optional()
          .describe('The revision that you know (0: none). Refused when somebody has written another one.'),
      }),
      body: documentBody,
      bodyLimit: 2 * MAX_DOCUMENT,
      answers: { 200: shown, 201: shown },
      refusals: [
        'draft_not_found',
        'program_invalid',
        'program_version_not_found',
        'draft_closed',
        'draft_changed',
      ],
      dryRun: true,
    },
    async call => {
      const { program, draft } = call.params;
      const saved = await drafts.save(program, draft, call.body, personOf(call.credentials), {
        baseVersion: call.query.base_version,
        revision: call.query.revision,
        dryRun: call.dryRun,
      });
      if (!saved.ok) return saved;
      return { ...accept(shownView(saved.value.view)), status: saved.value.created ? 201 : 200 };
    },
  );

  api.route(
    {
      method: 'GET',
      path,
      scope: 'program:read',
      summary: 'Show a draft and what it would change',
      tag,
      operation: 'getDraft',
      params,
      answers: { 200: shown },
      refusals: missing,
    },
    async call => answer(await drafts.show(call.params.program, call.params.draft)),
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/programs/{program}/drafts',
      scope: 'program:read',
      summary: 'List the drafts of a program by name',
      tag,
      operation: 'listDrafts',
      params: z.strictObject({ program: programName }),
      query: pageQuery.extend({ state: states.optional().describe('Only those in this state.') }),
      answers: { 200: page(listed).meta({ id: 'DraftPage' }) },
      refusals: ['program_not_found'],
    },
    async call => {
      const { limit, cursor, state } = call.query;
      const after = cursor === undefined ? '' : decodeCursor(cursor, 1)?.[0];
      if (after === undefined) return refuse('invalid_request', 'The cursor is not one of this list.');
      const found = await drafts.list(call.params.program, after, state ?? null, limit);
      if (!found.ok) return found;
      const last = found.value.length < limit ? undefined : found.value.at(-1);
      return accept({ data: found.value.map(listedView), next: last ? encodeCursor(last.name) : null });
    },
  );

  api.route(
    {
      method: 'POST',
      path: `${path}/approve`,
      scope: 'program:review',
      summary: 'Approve a draft that somebody else wrote',
      tag,
      operation: 'approveDraft',
      params,
      body: z.strictObject({
        revision: z.int().min(1).max(MAX_VERSION).describe('The revision that you have read.'),
        note: line(500, 'Agreed with finance.').optional(),
      }),
      answers: { 200: shown },
      refusals: [...missing, 'draft_closed', 'draft_changed', 'draft_review_by_author'],
      dryRun: true,
    },
    async call => {
      const { revision, note = null } = call.body;
      const review = { revision, note, by: personOf(call.credentials) };
      return answer(await drafts.approve(call.params.program, call.params.draft, review, call.dryRun));
    },
  );

  api.route(
    {
      method: 'POST',
      path: `${path}/publish`,
      scope: 'program:draft',
      summary: 'Publish a draft that was approved',
      description:
        'Refused when another version than its `base_version` is the latest: the reasons show what was published meanwhile. Write the draft anew on top of it, with that `base_version`.',
      tag,
      operation: 'publishDraft',
      params,
      query: z.strictObject({
        effective_from: instant
          .optional()
          .describe("When the version takes effect, by the program's clock. Left out: at once."),
      }),
      answers: { 200: shown },
      refusals: [
        ...missing,
        'draft_closed',
        'draft_not_approved',
        'program_invalid',
        'program_version_conflict',
        'program_effective_from_invalid',
      ],
      dryRun: true,
    },
    async call => {
      const { program, draft } = call.params;
      return answer(await drafts.publish(program, draft, call.query.effective_from, call.dryRun));
    },
  );

  api.route(
    {
      method: 'POST',
      path: `${path}/withdraw`,
      scope: 'program:draft',
      summary: 'Give a draft up',
      tag,
      operation: 'withdrawDraft',
      params,
      answers: { 200: shown },
      refusals: [...missing, 'draft_closed'],
      dryRun: true,
    },
    async call => answer(await drafts.withdraw(call.params.program, call.params.draft, call.dryRun)),
  );
}

const answer = (found: Awaited<ReturnType<DraftService['show']>>) =>
  found.ok ? accept(shownView(found.value)) : found;
