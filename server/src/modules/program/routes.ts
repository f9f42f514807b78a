import { z } from 'zod';
import { accept, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeCursor, encodeCursor } from '#platform/http/cursors.ts';
import {
  cursor,
  formatInstant,
  instant,
  limit,
  page,
  programName,
  wholeNumber,
} from '#platform/http/schemas.ts';
import { MAX_DOCUMENT, programDocument } from './document.ts';
import type { ProgramView } from './publishing.ts';
import type { ListedProgram, ProgramService } from './service.ts';

export const MAX_VERSION = 2 ** 31 - 1;

export const namedDocument = programDocument.meta({ id: 'ProgramDocument' });
const listed = z.strictObject({
  program: programName,
  version: z.int(),
  effective_from: z
    .string()
    .nullable()
    .describe('Null for the first version, which covers all earlier time.'),
  published_at: z.string().describe("By the program's clock."),
  clock: z.strictObject({ kind: z.enum(['wall', 'test']), now: z.string() }),
});
export const shown = listed.extend({ document: namedDocument }).meta({ id: 'Program' });

const change = z
  .strictObject({
    pointer: z
      .string()
      .describe('JSON pointer into the later document; of what is removed, into the earlier one.'),
    kind: z.enum(['added', 'removed', 'changed']),
    old: z.unknown().describe('Null where there was none.'),
    new: z.unknown().describe('Null where there is none.'),
    sentence: z
      .string()
      .meta({ examples: ['The budget in points of the campaign "weekend" is lowered from 50000 to 9000.'] }),
  })
  .meta({ id: 'ProgramChange' });
/** Rules, levels, campaigns and rewards are compared by their ids. */
export const changes = z.array(change);

/**
 * Any JSON object is taken here, so that every mistake gets its pointer and sentence (`program_invalid`), and first,
 * because the schema would put the settings into its own order.
 */
export const documentBody = z.union([z.record(z.string(), z.unknown()), namedDocument]);
const params = z.strictObject({ program: programName });

const listedView = (view: ListedProgram | ProgramView) => ({
  program: view.name,
  version: view.version,
  effective_from: view.effectiveFrom === null ? null : formatInstant(view.effectiveFrom),
  published_at: formatInstant(view.publishedAt),
  clock: { kind: view.clock.kind, now: formatInstant(view.clock.now) },
});
export const shownView = (view: ProgramView) => ({ ...listedView(view), document: view.document });

export function programRoutes(api: Api, program: ProgramService): void {
  api.route(
    {
      method: 'PUT',
      path: '/v1/programs/{program}',
      scope: 'program:write',
      summary: 'Make a program or publish its next version',
      description:
        'The latest document again publishes nothing and answers 200. A version takes effect at once, or at `effective_from`; once in force it replaces every version before it.',
      tag: 'Programs',
      operation: 'putProgram',
      params,
      query: z.strictObject({
        effective_from: instant
          .optional()
          .describe("When the version takes effect, by the program's clock. Not for the first version."),
        base_version: wholeNumber(0, MAX_VERSION)
          .optional()
          .describe('The latest version that you know (0: none). Refused when someone published since.'),
      }),
      body: documentBody,
      bodyLimit: 2 * MAX_DOCUMENT,
      answers: { 200: shown, 201: shown },
      refusals: ['program_invalid', 'program_version_conflict', 'program_effective_from_invalid'],
      dryRun: true,
    },
    async call => {
      const published = await program.publish(call.params.program, call.body, {
        effectiveFrom: call.query.effective_from,
        baseVersion: call.query.base_version,
        dryRun: call.dryRun,
      });
      if (!published.ok) return published;
      const { view, created } = published.value;
      return { ...accept(shownView(view)), status: created ? 201 : 200 };
    },
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/programs',
      scope: 'program:read',
      summary: 'List programs at their latest version',
      tag: 'Programs',
      operation: 'listPrograms',
      query: z.strictObject({ limit, cursor: cursor.optional() }),
      answers: { 200: page(listed).meta({ id: 'ProgramPage' }) },
    },
    async call => {
      const after = call.query.cursor === undefined ? 0 : idOf(call.query.cursor);
      if (after === undefined) return refuse('invalid_request', 'The cursor is not one of this list.');
      const rows = await program.list(after, call.credentials.program, call.query.limit);
      const last = rows.length < call.query.limit ? undefined : rows.at(-1);
      return accept({ data: rows.map(listedView), next: last ? encodeCursor(String(last.id)) : null });
    },
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/programs/{program}',
      scope: 'program:read',
      summary: 'Show a program at its latest version, or at an earlier one',
      tag: 'Programs',
      operation: 'getProgram',
      params,
      query: z.strictObject({ version: wholeNumber(1, MAX_VERSION).optional() }),
      answers: { 200: shown },
      refusals: ['program_not_found', 'program_version_not_found'],
    },
    async call => {
      const found = await program.show(call.params.program, call.query.version);
      return found.ok ? accept(shownView(found.value)) : found;
    },
  );

  api.route(
    {
      method: 'POST',
      path: '/v1/programs/{program}/plan',
      scope: 'program:read',
      summary: 'Say what publishing a document would change',
      description:
        'Checks the document as its publication does and compares it with the latest version. Nothing is written. No changes: publishing it would publish nothing.',
      tag: 'Programs',
      operation: 'planProgram',
      params,
      body: documentBody,
      bodyLimit: 2 * MAX_DOCUMENT,
      answers: {
        200: z
          .strictObject({
            program: programName,
            base_version: z
              .int()
              .describe('The latest version, for `base_version` of the publication; 0: none.'),
            changes,
          })
          .meta({ id: 'ProgramPlan' }),
      },
      refusals: ['program_invalid'],
    },
    async call => {
      const planned = await program.plan(call.params.program, call.body);
      if (!planned.ok) return planned;
      const { name, baseVersion, changes } = planned.value;
      return accept({ program: name, base_version: baseVersion, changes });
    },
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/programs/{program}/changes',
      scope: 'program:read',
      summary: 'Compare two versions of a program',
      tag: 'Programs',
      operation: 'diffProgram',
      params,
      query: z.strictObject({
        from: wholeNumber(0, MAX_VERSION)
          .optional()
          .describe('The earlier version; 0: an empty document. By default the one before `to`.'),
        to: wholeNumber(1, MAX_VERSION).optional().describe('The later version. By default the latest.'),
      }),
      answers: {
        200: z
          .strictObject({ program: programName, from: z.int(), to: z.int(), changes })
          .meta({ id: 'ProgramChanges' }),
      },
      refusals: ['program_not_found', 'program_version_not_found'],
    },
    async call => {
      const found = await program.diff(call.params.program, call.query.from, call.query.to);
      if (!found.ok) return found;
      const { name, from, to, changes } = found.value;
      return accept({ program: name, from, to, changes });
    },
  );
}

/** The id in a cursor of the list. */
function idOf(cursor: string): number | undefined {
  const text = decodeCursor(cursor, 1)?.[0];
  return text !== undefined && /^[0-9]{1,10}$/.test(text) && Number(text) <= MAX_VERSION
    ? Number(text)
    : undefined;
}
