import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import Fastify, { type FastifyRequest } from 'fastify';
import type { Answers } from './answers.ts';
import { renderMarkdown } from './markdown.ts';
import type { OpenApi } from './openapi.ts';
import type { Router } from './router.ts';

const ERROR_PAGES = fileURLToPath(new URL('../../../../docs/reference/errors/', import.meta.url));
const HTML = 'text/html; charset=utf-8';
const SCRIPT = '/docs/reference.js';
// Scalar starts from a script in the page and writes its styles there; nothing may come from elsewhere.
const REFERENCE_POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/** The pages for people: `/`, `/openapi.json`, `/docs`, `/errors/{code}`. */
export function registerPages(
  router: Router,
  answers: Answers,
  document: () => OpenApi,
  version: string,
): void {
  const links = JSON.stringify({
    name: 'Fealty',
    version,
    documentation: '/docs',
    openapi: '/openapi.json',
    metrics: '/metrics',
    health: ['/livez', '/readyz'],
  });
  router.open('/', (request, reply) => answers.json(request, reply, 200, links));

  let openApi: string | undefined;
  router.open('/openapi.json', (request, reply) => {
    openApi ??= JSON.stringify(document());
    answers.json(request, reply, 200, openApi);
  });

  let reference: Promise<Reference> | undefined;
  const open = () => {
    reference ??= loadReference();
    return reference;
  };
  router.open('/docs', async (request, reply) => {
    const { page } = await open();
    answers.page(request, reply, HTML, page, { 'content-security-policy': REFERENCE_POLICY });
  });
  router.open(SCRIPT, async (request, reply) => {
    const { script } = await open();
    answers.page(request, reply, 'text/javascript; charset=utf-8', script, {
      'cache-control': 'public, max-age=3600',
    });
  });

  router.open('/errors/{code}', async (request, reply) => {
    const { code } = request.params as { code: string };
    const text = await readErrorPage(code, answers.problems.codes);
    if (text === undefined)
      return answers.refusal(request, reply, {
        code: 'not_found',
        detail: 'There is no error of this code.',
      });
    if (!wantsHtml(request)) return answers.page(request, reply, 'text/markdown; charset=utf-8', text);
    answers.page(request, reply, HTML, renderMarkdown(text), { 'content-security-policy': PAGE_POLICY });
  });
}

const wantsHtml = (request: FastifyRequest): boolean =>
  request.headers.accept?.includes('text/html') ?? false;

/** The page of a code, or undefined where there is no such code. Only codes become file names. */
async function readErrorPage(code: string, codes: ReadonlyMap<string, unknown>): Promise<string | undefined> {
  if (!codes.has(code)) return undefined;
  try {
    return await readFile(`${ERROR_PAGES}${code}.md`, 'utf8');
  } catch {
    return undefined;
  }
}

interface Reference {
  page: string;
  script: string;
}

/**
 * Scalar's page and script. Loaded when somebody first looks at it: the package costs 270 ms and 41 MB, which no start
 * and no worker should pay. Its plugin is served by an application of its own, asked once for both.
 */
async function loadReference(): Promise<Reference> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const app = Fastify();
  await app.register(scalar, {
    routePrefix: '/docs',
    configuration: {
      url: '/openapi.json',
      cdn: SCRIPT,
      pageTitle: 'Fealty API',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      showDeveloperTools: 'never',
      authentication: { preferredSecurityScheme: 'key' },
      agent: { disabled: true },
      mcp: { disabled: true },
    },
  });
  const get = async (url: string) => (await app.inject({ url })).payload;
  const [page, script] = await Promise.all([get('/docs/'), get('/docs/js/scalar.js')]);
  await app.close();
  return { page, script };
}
