import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault, type Refusal } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { SparingLog } from '../observe/sparing.ts';
import { asFault } from './faults.ts';
import { PROBLEM_TYPE, type Problem, type Problems } from './problems.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const SLOW_SECONDS = 1;
/** The label of requests that reached no route. */
const NO_ROUTE = 'none';

/** Sends every answer, so that each is measured and logged in one place and has the same few headers. */
export class Answers {
  readonly problems: Problems;
  private readonly log: Log;
  private readonly seconds: ReturnType<Metrics['histogram']>;
  /** An engine that is overloaded, or whose database is away, must not spend its time on saying so. */
  private readonly sparing: SparingLog;
  /** Set when the server stops: connections then end with their answer. */
  closing = false;

  constructor(problems: Problems, metrics: Metrics, log: Log) {
    this.problems = problems;
    this.log = log;
    this.sparing = new SparingLog(log);
    this.seconds = metrics.histogram(
      'fealty_http_request_seconds',
      'Time from the request to its answer, without reading the head and writing to the socket.',
      ['method', 'route', 'status'],
    );
  }

  /** `json` as it is. */
  json(request: FastifyRequest, reply: FastifyReply, status: number, json: string): void {
    this.send(request, reply, status, JSON_TYPE, json);
  }

  /** A page or a script; `headers` replace those of an API answer. */
  page(
    request: FastifyRequest,
    reply: FastifyReply,
    type: string,
    text: string,
    headers: Record<string, string> = {},
  ): void {
    reply.headers(headers);
    this.send(request, reply, 200, type, text);
  }

  refusal(
    request: FastifyRequest,
    reply: FastifyReply,
    refusal: Refusal,
    headers?: Record<string, string>,
  ): void {
    if (headers) reply.headers(headers);
    this.problem(request, reply, this.problems.ofRefusal(refusal, request.id));
  }

  /** Whatever was thrown; what is nobody's expected answer is logged with its stack. */
  fault(request: FastifyRequest, reply: FastifyReply, thrown: unknown): void {
    const error = asFault(thrown);
    const problem = this.problems.ofFault(error, request.id);
    const line = { requestId: request.id, route: routeOf(request), code: problem.body.code, err: error };
    const expected = error instanceof Fault && problem.status === 503;
    this.sparing.note(expected ? 'warn' : 'error', line, expected ? 'request not served' : 'request failed');
    this.problem(request, reply, problem);
  }

  private problem(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
    if (problem.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(problem.retryAfter)));
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    this.send(request, reply, problem.status, PROBLEM_TYPE, JSON.stringify(problem.body));
  }

  private send(
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    type: string,
    text: string,
  ): void {
    // The client went away while the handler worked; there is nobody to answer.
    if (reply.sent) return;
    reply.code(status);
    reply.header('content-type', type);
    // Balances and secrets must not stay in anybody's cache; a page may say otherwise.
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
    reply.header('x-request-id', request.id);
    if (this.closing) reply.header('connection', 'close');
    reply.send(text);
    this.observe(request, status);
  }

  private observe(request: FastifyRequest, status: number): void {
    const route = routeOf(request);
    const seconds = (performance.now() - request.started) / 1_000;
    this.seconds.observe({ method: request.method, route, status }, seconds);
    const slow = seconds > SLOW_SECONDS;
    if (!slow && !this.log.isLevelEnabled('debug')) return;
    const line = {
      requestId: request.id,
      method: request.method,
      route,
      status,
      ms: Math.round(seconds * 1_000),
    };
    if (slow) this.sparing.note('warn', line, 'slow request');
    else this.log.debug(line, 'request');
  }
}

/** The route as it was declared: never the address, which holds ids. */
const routeOf = (request: FastifyRequest): string => request.route ?? NO_ROUTE;
