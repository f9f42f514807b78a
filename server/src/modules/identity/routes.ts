import * as z from 'zod';
import { accept, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeIdCursor, nextById } from '#platform/http/cursors.ts';
import {
  formatInstant,
  instant,
  line,
  page,
  pageQuery,
  programName,
  sourceName,
  wireIdOf,
} from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import { ALL, KEY_PREFIX, type Key } from './model.ts';
import type { IdentityService } from './service.ts';

const MAX_GRANTS = 50;
const all = z.literal(ALL);
const scope = z
  .string()
  .regex(/^(?:\*|[a-z]+:[a-z]+)$/, 'must be a scope such as orders:write, or * for all')
  .meta({ examples: ['orders:write'] });
const scopes = z.array(scope).min(1).max(MAX_GRANTS).describe('What the key may do; `*`: everything.');
const sources = z
  .array(z.union([all, sourceName], { error: 'must be the name of a source, or * for any' }))
  .min(1)
  .max(MAX_GRANTS)
  .describe('Names that the key may use as `source`; `*`: any. A write that names none gets the first.');

const newKey = z
  .strictObject({
    label: line(100, 'web shop').describe('Tells people what the key is for.'),
    program: programName.optional().describe('Binds the key to one program. Left out: as the calling key.'),
    scopes,
    sources,
  })
  .meta({ id: 'NewKey' });

const shown = {
  id: z.string().meta({ examples: ['key_0000000000001'] }),
  label: z.string(),
  program: programName.nullable(),
  scopes: z.array(z.string()),
  sources: z.array(z.string()),
  created_at: instant,
  revoked_at: instant.nullable(),
};
const keyView = z.strictObject(shown).meta({ id: 'Key' });
const createdKey = z
  .strictObject({
    ...shown,
    secret: z
      .string()
      .nullable()
      .describe('The key itself, shown this once and stored nowhere. Null in a dry run.'),
  })
  .meta({ id: 'CreatedKey' });

const view = (key: Key) => ({
  id: wireId(KEY_PREFIX, key.id),
  label: key.label,
  program: key.program,
  scopes: key.scopes,
  sources: key.sources,
  created_at: formatInstant(key.createdAt),
  revoked_at: key.revokedAt === null ? null : formatInstant(key.revokedAt),
});

export function identityRoutes(api: Api, identity: IdentityService): void {
  api.route(
    {
      method: 'GET',
      path: '/v1/keys',
      scope: 'keys:manage',
      summary: 'List keys, newest first',
      description: 'A key that is bound to a program lists the keys of that program.',
      tag: 'Keys',
      operation: 'listKeys',
      query: pageQuery,
      answers: { 200: page(keyView) },
    },
    async ({ credentials, query }) => {
      const before = query.cursor === undefined ? MAX_AMOUNT : decodeIdCursor(query.cursor);
      if (before === undefined) return refuse('invalid_request', 'The cursor is not one of this list.');
      const keys = await identity.list(credentials, before, query.limit);
      return accept({ data: keys.map(view), next: nextById(keys, query.limit) });
    },
  );

  api.route(
    {
      method: 'POST',
      path: '/v1/keys',
      scope: 'keys:manage',
      summary: 'Make a key',
      description:
        'The answer holds the secret, once. If it is lost, revoke the key and make another. A key can only give what it has.',
      tag: 'Keys',
      operation: 'createKey',
      body: newKey,
      answers: { 200: createdKey, 201: createdKey },
      refusals: ['key_exceeds_grant'],
      dryRun: true,
    },
    async ({ credentials, body, dryRun }) => {
      const unknown = body.scopes.flatMap((name, index) =>
        name === ALL || api.scopes().has(name)
          ? []
          : [
              {
                pointer: `/scopes/${index}`,
                message: `is not a scope; these are: ${[...api.scopes()].sort().join(', ')}`,
              },
            ],
      );
      if (unknown.length > 0)
        return refuse('invalid_request', 'The key would have a scope that no route asks for.', {
          errors: unknown,
        });
      const grant = { ...body, program: body.program ?? credentials.program };
      const created = await identity.create(credentials, grant, dryRun);
      if (!created.ok) return created;
      const { key, secret } = created.value;
      return { ok: true, value: { ...view(key), secret }, status: 201 };
    },
  );

  api.route(
    {
      method: 'DELETE',
      path: '/v1/keys/{key}',
      scope: 'keys:manage',
      summary: 'Revoke a key',
      description:
        'For good. Takes effect at once in the process that answers, and within 5 seconds in all others. Again, it changes nothing.',
      tag: 'Keys',
      operation: 'revokeKey',
      params: z.strictObject({ key: wireIdOf(KEY_PREFIX) }),
      answers: { 200: keyView },
      refusals: ['key_not_found', 'key_exceeds_grant'],
      dryRun: true,
    },
    async ({ credentials, params, dryRun }) => {
      const revoked = await identity.revoke(credentials, params.key, dryRun);
      return revoked.ok ? accept(view(revoked.value)) : revoked;
    },
  );
}
