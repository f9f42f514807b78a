import * as z from 'zod';
import type { ErrorEntry } from '../errors.ts';
import type { RouteSpec } from './api.ts';
import { problemPage } from './problems.ts';

/** An OpenAPI 3.1 document. */
export interface OpenApi {
  openapi: '3.1.0';
  info: {
    title: string;
    version: string;
    description: string;
    license: { name: string; identifier: string };
  };
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
  [more: string]: unknown;
}

interface Operation {
  operationId: string;
  responses: Record<string, unknown>;
  [more: string]: unknown;
}

const ALWAYS = ['invalid_request', 'internal', 'database_unavailable', 'overloaded', 'stopping'];

/** Every error code that a route may answer: its own, and those of its kind. */
export function documentedCodes(spec: RouteSpec): string[] {
  const codes = new Set(ALWAYS);
  if (spec.scope !== null) for (const code of ['unauthenticated', 'forbidden']) codes.add(code);
  if (spec.program) codes.add('program_not_found');
  if (spec.method !== 'GET') for (const code of ['body_too_large', 'unsupported_media_type']) codes.add(code);
  for (const code of spec.refusals ?? []) codes.add(code);
  return [...codes];
}

const pointer = z
  .string()
  .meta({ description: 'A JSON pointer (RFC 6901) into the body, or /query, /path, /headers.' });

const problem = z
  .object({
    type: z
      .string()
      .meta({ description: 'Where the page of the code is.', examples: ['/errors/invalid_request'] }),
    title: z.string(),
    status: z.int().min(400).max(599),
    code: z.string().meta({ description: 'Stable; made for programs.', examples: ['invalid_request'] }),
    detail: z.string().meta({ description: 'Made for people; may change.' }),
    instance: z.string().optional().meta({ description: 'Names this request in the log.' }),
    errors: z.array(z.object({ pointer, message: z.string() })).optional(),
    reasons: z.array(z.looseObject({ code: z.string() })).optional(),
    differences: z.array(z.object({ pointer, stored: z.unknown(), sent: z.unknown() })).optional(),
  })
  .meta({ description: 'What was wrong and what to do (RFC 9457).' });

const PROBLEM = 'Problem';
const REFERENCE = '#/components/schemas/';

/**
 * The document of all routes, a pure function of their declarations: it needs no database and no server. Schemas with
 * `.meta({ id })` become components under that name, once, as they are on the wire.
 */
export function openApiDocument(
  specs: readonly RouteSpec[],
  codes: ReadonlyMap<string, ErrorEntry>,
  version: string,
): OpenApi {
  const schemas = collectSchemas(specs);
  const paths: OpenApi['paths'] = {};
  for (const spec of specs) {
    const own = { [spec.method.toLowerCase()]: operation(spec, codes, schemas.of) };
    paths[spec.path] = { ...paths[spec.path], ...own };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Fealty',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(specs.map(spec => spec.tag))].map(name => ({ name })),
    paths,
    components: {
      schemas: schemas.components,
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key, `fk_…`.' } },
      parameters: {
        program: {
          name: 'Fealty-Program',
          in: 'header',
          required: false,
          description: 'The program to work on. May be left out with a key that is bound to one.',
          schema: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' },
          example: 'travel',
        },
      },
    },
  };
}

const DESCRIPTION = `Points, rewards and returns on a ledger that can be proved.

Amounts and points are strings of integers, money in minor units. Times are RFC 3339. A write that books points takes a
business key (\`external_id\`, or the header \`Idempotency-Key\`): sent again, it gets the first answer. The other writes
set something, or go on with something, and book nothing twice when they are sent again. Errors are problem documents
(RFC 9457) with a stable \`code\`, each with a page under \`/errors/\`.`;

type JsonSchema = Record<string, unknown> & { properties?: Record<string, unknown>; required?: string[] };
type SchemaOf = (schema: z.ZodType) => JsonSchema;

/**
 * The JSON Schema of each zod schema of the routes, as it is on the wire (`io: 'input'`) for requests and answers alike:
 * a part that reads `"1299"` into a bigint is the same string both ways. All in one go, so that those with an id
 * are referred to and not repeated.
 */
function collectSchemas(specs: readonly RouteSpec[]): { of: SchemaOf; components: Record<string, unknown> } {
  const registry = z.registry<{ id: string }>();
  registry.add(problem, { id: PROBLEM });
  const keys = new Map<z.ZodType, string>([[problem, PROBLEM]]);
  for (const spec of specs) {
    const parts = [spec.body, spec.query, spec.params, spec.headers, ...Object.values(spec.answers)];
    for (const schema of parts) {
      if (!schema || keys.has(schema)) continue;
      const id = z.globalRegistry.get(schema)?.id ?? `${UNNAMED}${keys.size}`;
      keys.set(schema, id);
      registry.add(schema, { id });
    }
  }
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
    uri: id => `${REFERENCE}${id}`,
  });
  const clean = tidy(schemas) as Record<string, JsonSchema>;
  const { __shared: shared, ...named } = clean;
  const components: Record<string, unknown> = { ...(shared?.['$defs'] as object | undefined) };
  for (const [id, schema] of Object.entries(named)) if (!id.startsWith(UNNAMED)) components[id] = schema;
  const of: SchemaOf = schema => {
    const id = keys.get(schema) ?? '';
    return id.startsWith(UNNAMED) ? (named[id] ?? {}) : { $ref: `${REFERENCE}${id}` };
  };
  return { of, components: Object.fromEntries(Object.entries(components).sort(byName)) };
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

const UNNAMED = 'route ';
const NESTED = new RegExp(`^(?:${REFERENCE}__shared)?#/\\$defs/`);

/** Drops what zod adds for itself, and lets every reference point at a component. */
function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy);
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    if (key === '$schema' || key === '$id') continue;
    if (key === 'minimum' && child === Number.MIN_SAFE_INTEGER) continue;
    if (key === 'maximum' && child === Number.MAX_SAFE_INTEGER) continue;
    result[key] = key === '$ref' ? String(child).replace(NESTED, REFERENCE) : tidy(child);
  }
  return result;
}

function operation(spec: RouteSpec, codes: ReadonlyMap<string, ErrorEntry>, of: SchemaOf): Operation {
  return {
    operationId: spec.operation ?? operationName(spec),
    summary: spec.summary,
    ...(spec.description === undefined ? {} : { description: spec.description }),
    tags: [spec.tag],
    parameters: [
      ...(spec.program ? [{ $ref: '#/components/parameters/program' }] : []),
      ...parameters(spec.params, 'path', of),
      ...parameters(spec.query, 'query', of),
      ...(spec.dryRun ? [DRY_RUN] : []),
      ...parameters(spec.headers, 'header', of),
    ],
    ...(spec.body ? { requestBody: { required: true, content: json(of(spec.body)) } } : {}),
    responses: responses(spec, codes, of),
    security: spec.scope === null ? [] : [{ key: [] }],
    ...(spec.scope === null ? {} : { 'x-scope': spec.scope }),
  };
}

const DRY_RUN = {
  name: 'dry_run',
  in: 'query',
  description: 'Answers what would happen, and does nothing.',
  schema: { type: 'boolean', default: false },
};

const json = (schema: unknown) => ({ 'application/json': { schema } });

function parameters(
  schema: z.ZodType | undefined,
  place: 'path' | 'query' | 'header',
  of: SchemaOf,
): unknown[] {
  if (!schema) return [];
  const { $ref, properties = {}, required = [] } = of(schema);
  if ($ref !== undefined)
    throw new Error(`${String($ref)} holds parameters, which OpenAPI lists one by one: give it no id`);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

/** The declared answers, then the problems, grouped by status. */
function responses(
  spec: RouteSpec,
  codes: ReadonlyMap<string, ErrorEntry>,
  of: SchemaOf,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [status, schema] of Object.entries(spec.answers)) {
    const description =
      status === '201' ? 'New.' : spec.answers[201] ? 'Known already, or a dry run.' : 'The answer.';
    result[status] = { description, content: json(of(schema)) };
  }
  const byStatus = Map.groupBy(documentedCodes(spec), code => String(codes.get(code)?.status ?? 500));
  for (const [status, names] of [...byStatus].sort()) {
    const lines = names.map(code => `- [\`${code}\`](${problemPage(code)}): ${codes.get(code)?.title ?? ''}`);
    result[status] = {
      description: lines.join('\n'),
      content: { 'application/problem+json': { schema: { $ref: `${REFERENCE}${PROBLEM}` } } },
      'x-codes': names,
    };
  }
  result['default'] = {
    description: 'Any other problem, such as 408 and 431, which the connection answers.',
    content: { 'application/problem+json': { schema: { $ref: `${REFERENCE}${PROBLEM}` } } },
  };
  return result;
}

/** `POST /v1/orders/{order}/returns` to `postOrdersByOrderReturns`. */
function operationName(spec: RouteSpec): string {
  const steps = spec.path.split('/').filter(step => step !== '' && step !== 'v1');
  const words = steps.map(step =>
    step.replace(/^\{(.*)\}$/, 'by-$1').replaceAll(/[-_]+(.)/g, (_, c) => c.toUpperCase()),
  );
  return spec.method.toLowerCase() + words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
