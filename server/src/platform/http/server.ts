import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ErrorTable, Refusal } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Authenticate, ResolveProgram } from './access.ts';
import { Answers } from './answers.ts';
import { type Api, BODY_LIMIT, type Credentials } from './api.ts';
import { answerConnectionError, closeServer, watchConnections } from './connections.ts';
import { MalformedBody, parseQuery } from './input.ts';
import { parseJson } from './json.ts';
import { type OpenApi, openApiDocument } from './openapi.ts';
import { registerPages } from './pages.ts';
import { type Probes, registerProbes } from './probes.ts';
import { Problems } from './problems.ts';
import { Router } from './router.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** `performance.now()` at the start. */
    started: number;
    /** The path as declared; undefined where no route was found. */
    route: string | undefined;
    credentials: Credentials;
  }
  interface FastifyContextConfig {
    declared?: boolean;
  }
}

export interface HttpOptions {
  authenticate: Authenticate;
  resolveProgram: ResolveProgram;
  /** The error tables of all modules; the platform's own is always there. */
  errors: readonly ErrorTable[];
  log: Log;
  metrics: Metrics;
  version: string;
  /** For tests: an answer that its route does not declare becomes a 500 that says so. */
  checkAnswers?: boolean;
  limits?: Partial<Limits>;
}

export interface Limits {
  /** Open connections; further ones are closed at once. */
  connections: number;
  /** Milliseconds in which a request must have arrived whole. */
  requestTimeout: number;
  /** Milliseconds in which the head of a request must have arrived. */
  headersTimeout: number;
  /** Milliseconds that a connection may rest; longer than the 60 s of common balancers, so that they close first. */
  keepAliveTimeout: number;
  /** Milliseconds between two looks for requests that are too slow. */
  checkInterval: number;
}

const LIMITS: Limits = {
  connections: 4_096,
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  keepAliveTimeout: 72_000,
  checkInterval: 5_000,
};

/** The HTTP side of an engine. Register all routes on `api`, then `listen`. */
export interface Http {
  readonly api: Api;
  /** For routes that answer with problems inside an answer, such as bulk calls. */
  readonly problems: Problems;
  /** Adds what `/readyz` asks. */
  readonly addReadiness: Probes['addReadiness'];
  /** Starts to serve; resolves to the address, such as `http://127.0.0.1:4100`. Port 0 takes a free one. */
  listen(port: number, host?: string): Promise<string>;
  /** The document of the routes registered so far; needs neither database nor `listen`. */
  openApi(): OpenApi;
  /**
   * Takes no more connections, refuses new requests with 503, waits up to `boundMs` for those that were accepted, then cuts
   * what is left. Returns true when nothing had to be cut.
   */
  stop(boundMs?: number): Promise<boolean>;
  /** For tests without a socket. */
  readonly inject: FastifyInstance['inject'];
}

const STOP_MS = 10_000;

/** Builds the HTTP side; nothing listens yet. */
export function createHttp(options: HttpOptions): Http {
  const limits = { ...LIMITS, ...options.limits };
  const problems = new Problems(options.errors);
  const answers = new Answers(problems, options.metrics, options.log);
  const app = createApp(limits, answers);
  const router = new Router(app, answers, {
    authenticate: options.authenticate,
    resolveProgram: options.resolveProgram,
    checkAnswers: options.checkAnswers ?? false,
  });
  const probes = registerProbes(router, answers, options.metrics);
  const document = () => openApiDocument(router.specs, problems.codes, options.version);
  registerPages(router, answers, document, options.version);
  answerTheRest(app, answers, router, probes);
  const dropped = options.metrics.counter(
    'fealty_http_connections_dropped_total',
    'Connections closed at once because as many were open as may be.',
  );
  const connections = watchConnections(app.server);
  app.server.maxConnections = limits.connections;
  app.server.on('drop', () => dropped.inc());
  // Node would answer an expectation that it does not know with an empty 417; RFC 9110 lets a server ignore it.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  return {
    api: router,
    problems,
    addReadiness: probes.addReadiness,
    openApi: document,
    listen: (port, host = '127.0.0.1') => app.listen({ port, host }),
    stop(boundMs = STOP_MS) {
      probes.stopping = true;
      answers.closing = true;
      return closeServer(app, connections, boundMs);
    },
    inject: app.inject.bind(app) as FastifyInstance['inject'],
  };
}

/*
 * What it costs in microseconds of CPU for each request, kernel included, with a trivial handler, one process, 32
 * connections, a sender that never sleeps (the wake-ups of one that does cost the server 15 more):
 *
 *   fastify with nothing   POST of a small order 21   GET 17
 *   this                   POST of a small order 37   GET 20.5
 *
 * Of the 16 for a POST: zod 5 to 7 (2.3 in a loop by itself; in service its call sites are shared by all schemas), reading
 * JSON with its checks 1.5, hashing and finding the key 1.5, measuring 0.7, the rest headers, two hooks and the call.
 * A reader of orders written by hand would save 4, and is not worth a second truth beside the schema.
 */
function createApp(limits: Limits, answers: Answers): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    http: { headersTimeout: limits.headersTimeout, connectionsCheckingInterval: limits.checkInterval },
    genReqId: requestId,
    // Refused in a hook instead, as a problem document.
    return503OnClosing: false,
    forceCloseConnections: false,
    routerOptions: {
      // 200 characters of three bytes each, percent-encoded; the schema of the parameter says what is too long.
      maxParamLength: 2_048,
      querystringParser: parseQuery,
    },
    frameworkErrors: (_error, request, reply) => {
      // No hook has run for such a request.
      request.started = performance.now();
      answers.refusal(request as FastifyRequest, reply as FastifyReply, {
        code: 'invalid_request',
        detail: 'The address is not percent-encoded UTF-8, or a part of it is too long.',
      });
    },
    clientErrorHandler: answerConnectionError(answers.problems),
  });
  app.decorateRequest('started', 0);
  app.decorateRequest('route', undefined);
  app.decorateRequest('credentials');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    // A failure handed over as an error would close the connection; this one was read to its end.
    done(null, readBody(request.headers['content-encoding'], bytes as Buffer));
  });
  // Routes come in through the router, which asks for their scope; a plugin's own would be open to everybody.
  app.addHook('onRoute', route => {
    if (!route.config?.declared)
      throw new Error(`${String(route.method)} ${route.url} was not declared to the router`);
  });
  return app;
}

function readBody(encoding: string | undefined, bytes: Buffer): unknown {
  if (encoding !== undefined && encoding !== 'identity')
    return new MalformedBody({ detail: 'Send the body without content-encoding.' }, 'unsupported_media_type');
  const parsed = parseJson(bytes);
  return parsed.ok ? parsed.value : new MalformedBody(parsed.fault);
}

const SANE_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
const idPrefix = randomBytes(6).toString('hex');
let requests = 0;

/** The caller's `x-request-id` if it can stand in a header and a log line, else one that is unique across processes. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  if (typeof given === 'string' && SANE_ID.test(given)) return given;
  requests += 1;
  return `${idPrefix}-${requests.toString(36)}`;
}

/** What applies to every request, and the answers to those that reach no route. */
function answerTheRest(app: FastifyInstance, answers: Answers, router: Router, probes: Probes): void {
  app.addHook('onRequest', (request, reply, next) => {
    request.started = performance.now();
    if (probes.stopping && request.url !== '/livez' && request.url !== '/readyz')
      return answers.refusal(request, reply, {
        code: 'stopping',
        detail: 'The engine is stopping and takes no new requests. Nothing of this one was done.',
      });
    // Here and not in the handler, so that no body of an unknown address is read.
    if (request.is404) return refuseUnknown(request, reply, answers, router);
    next();
  });
  app.setNotFoundHandler((request, reply) => refuseUnknown(request, reply, answers, router));
  app.setErrorHandler((error, request, reply) => {
    const refusal = REFUSED_BY_FASTIFY.get((error as { code?: string }).code ?? '');
    if (refusal === undefined) return answers.fault(request, reply, error);
    if (refusal.code === 'body_too_large') keepReading(request, reply);
    answers.refusal(request, reply, refusal);
  });
}

function refuseUnknown(request: FastifyRequest, reply: FastifyReply, answers: Answers, router: Router): void {
  const [path = ''] = request.url.split('?', 1);
  const methods = router.methodsAt(path);
  if (methods.length === 0)
    return answers.refusal(request, reply, {
      code: 'not_found',
      detail: 'Nothing exists at this address. GET /openapi.json lists all there is.',
    });
  const allowed = methods.join(', ');
  const detail = `This address takes ${allowed}.`;
  answers.refusal(request, reply, { code: 'method_not_allowed', detail }, { allow: allowed });
}

/** Codes of fastify and Node that are the caller's doing. */
const REFUSED_BY_FASTIFY = new Map<string, Refusal>([
  [
    'FST_ERR_CTP_BODY_TOO_LARGE',
    { code: 'body_too_large', detail: 'The body is larger than this route takes.' },
  ],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    { code: 'unsupported_media_type', detail: 'Send JSON, with the header content-type: application/json.' },
  ],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    { code: 'invalid_request', detail: 'The body is not as long as content-length says.' },
  ],
  ['ECONNRESET', { code: 'invalid_request', detail: 'The body ended before its end.' }],
  // Scalar's and Node's URL parsers meet a Host header that is none.
  ['ERR_INVALID_URL', { code: 'invalid_request', detail: 'The Host header is not valid.' }],
]);

/** Read and thrown away up to this length; a longer body loses its connection. */
const READ_AWAY = 64 * 1024 * 1024;

/**
 * Lets Node read a refused body to its end. A connection that is closed while the caller still sends is reset, and most
 * clients then report a lost connection instead of the 413.
 */
function keepReading(request: FastifyRequest, reply: FastifyReply): void {
  const length = Number(request.headers['content-length']);
  if (length <= READ_AWAY) reply.removeHeader('connection');
}
