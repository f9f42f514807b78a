import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault, type Outcome, type Refusal } from '../errors.ts';
import {
  type Authenticate,
  authorise,
  bearerOf,
  mayReach,
  NOBODY,
  programNameOf,
  type ResolveProgram,
  refuseProgram,
  unknownProgram,
} from './access.ts';
import type { Answers } from './answers.ts';
import {
  type Answer,
  type Api,
  BODY_LIMIT,
  type Call,
  type Credentials,
  type ProgramRef,
  type RouteSpec,
} from './api.ts';
import { createReader } from './input.ts';
import { documentedCodes } from './openapi.ts';

export interface RouterOptions {
  authenticate: Authenticate;
  resolveProgram: ResolveProgram;
  /** Checks every answer against what its route declares, and answers 500 where they differ; for tests. */
  checkAnswers: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: the types of a route meet in `Api.route`; behind it they are erased.
type AnyHandler = (call: Call<any, any, any, any, any>) => Promise<Answer>;

/** The routes of the API: registered through `Api`, served by fastify, listed for the OpenAPI document. */
export class Router implements Api {
  readonly specs: RouteSpec[] = [];
  private readonly pages: string[] = [];
  private readonly app: FastifyInstance;
  private readonly answers: Answers;
  private readonly options: RouterOptions;

  constructor(app: FastifyInstance, answers: Answers, options: RouterOptions) {
    this.app = app;
    this.answers = answers;
    this.options = options;
  }

  /** Throws for a declaration that is not complete: no scope, an unknown code, a path whose parameters are not described. */
  route(spec: RouteSpec, handler: AnyHandler): void {
    checkSpec(spec, this.answers.problems.codes);
    this.specs.push(spec);
    const read = createReader(spec);
    this.app.route({
      method: spec.method,
      url: fastifyPath(spec.path),
      bodyLimit: spec.bodyLimit ?? BODY_LIMIT,
      config: { declared: true },
      // Before the body is read: a stranger's ten megabytes cost nothing.
      onRequest: (request, reply, next) => this.admit(spec, request, reply, next),
      handler: (request, reply) => {
        // Not awaited by fastify, whose wrapper around promises this saves; `serve` never rejects.
        void this.serve(spec, read, handler, request, reply);
      },
    });
  }

  /** Serves GET of a page or probe that everybody may see and that is no part of the API's document. */
  open(path: string, handler: (request: FastifyRequest, reply: FastifyReply) => void | Promise<void>): void {
    this.pages.push(path);
    this.app.route({
      method: 'GET',
      url: fastifyPath(path),
      config: { declared: true },
      onRequest: (request, _reply, next) => {
        request.route = path;
        next();
      },
      handler,
    });
  }

  /** The methods that an address takes, HEAD wherever GET is. */
  methodsAt(address: string): string[] {
    const methods = new Set<string>();
    for (const { method, path } of [
      ...this.specs,
      ...this.pages.map(page => ({ method: 'GET', path: page })),
    ]) {
      if (!new RegExp(`^${path.replaceAll(/\{[a-z_]+\}/g, '[^/]+').replaceAll('.', '\\.')}$`).test(address))
        continue;
      methods.add(method);
      if (method === 'GET') methods.add('HEAD');
    }
    return [...methods].sort();
  }

  scopes(): ReadonlySet<string> {
    return new Set(this.specs.flatMap(spec => spec.scope ?? []));
  }

  /** Lets a caller in who may call the route. A key that was verified a moment ago is known without waiting. */
  private admit(spec: RouteSpec, request: FastifyRequest, reply: FastifyReply, next: () => void): void {
    request.route = spec.path;
    const { scope } = spec;
    if (scope === null) {
      request.credentials = NOBODY;
      return next();
    }
    const decide = (found: Credentials | undefined) => {
      const allowed = authorise(found, scope);
      if (!allowed.ok) return this.answers.refusal(request, reply, allowed.refusal);
      request.credentials = allowed.value;
      next();
    };
    const key = bearerOf(request.headers);
    if (key === undefined) return decide(undefined);
    const found = this.options.authenticate(key);
    if (!(found instanceof Promise)) return decide(found);
    found.then(decide).catch(error => this.answers.fault(request, reply, error));
  }

  private async serve(
    spec: RouteSpec,
    read: ReturnType<typeof createReader>,
    handler: AnyHandler,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    try {
      const input = read(request);
      if (!input.ok) return this.refuse(spec, request, reply, input.refusal);
      const found = this.findProgram(spec, request);
      // Programs are nearly always known without waiting; an await costs a turn of the queue.
      const program = found instanceof Promise ? await found : found;
      if (!program.ok) return this.refuse(spec, request, reply, program.refusal);
      const { body, query, params, headers, dryRun } = input.value;
      const answer = await handler({
        body,
        query,
        params,
        headers,
        credentials: request.credentials,
        program: program.value,
        requestId: request.id,
        dryRun,
      });
      if (!answer.ok) return this.refuse(spec, request, reply, answer.refusal);
      const status = dryRun ? 200 : ((answer as { status?: number }).status ?? 200);
      const json = spec.rawAnswer ? String(answer.value) : JSON.stringify(answer.value);
      if (this.options.checkAnswers) checkAnswer(spec, status, json);
      this.answers.json(request, reply, status, json);
    } catch (error) {
      this.answers.fault(request, reply, error);
    }
  }

  private refuse(spec: RouteSpec, request: FastifyRequest, reply: FastifyReply, refusal: Refusal): void {
    if (this.options.checkAnswers && !documentedCodes(spec).includes(refusal.code))
      throw new Fault('internal', `${spec.method} ${spec.path} does not declare its refusal ${refusal.code}`);
    this.answers.refusal(request, reply, refusal);
  }

  /** The program of a call; refused where the key is bound to another one, or where there is none of that name. */
  private findProgram(
    spec: RouteSpec,
    request: FastifyRequest,
  ): Outcome<ProgramRef | undefined> | Promise<Outcome<ProgramRef | undefined>> {
    const inPath = (request.params as { program?: string }).program;
    if (inPath !== undefined && !mayReach(request.credentials, inPath)) return refuseProgram(inPath);
    if (!spec.program) return { ok: true, value: undefined };
    const name = programNameOf(request.headers, request.credentials);
    if (!name.ok) return name;
    const decide = (found: ProgramRef | undefined) =>
      found ? ({ ok: true, value: found } as const) : unknownProgram(name.value);
    const found = this.options.resolveProgram(name.value);
    return found instanceof Promise ? found.then(decide) : decide(found);
  }
}

/** `/v1/orders/{order}` to `/v1/orders/:order`. */
const fastifyPath = (path: string): string => path.replaceAll(/\{([a-z_]+)\}/g, ':$1');

/** Deny by default: what a declaration leaves out stops the start, rather than opening a door. */
function checkSpec(spec: RouteSpec, codes: ReadonlyMap<string, unknown>): void {
  const name = `${spec.method} ${spec.path}`;
  if (spec.scope === undefined)
    throw new Error(`${name} says no scope; \`scope: null\` makes a route public`);
  if (spec.scope !== null && !/^[a-z]+:[a-z]+$/.test(spec.scope))
    throw new Error(`${name} has a scope that is not of the form things:verb: ${spec.scope}`);
  if (spec.scope === null && spec.program)
    throw new Error(`${name} is public, so it cannot work on a program`);
  for (const code of spec.refusals ?? [])
    if (!codes.has(code)) throw new Error(`${name} refuses with ${code}, which stands in no error table`);
  const inPath = [...spec.path.matchAll(/\{([a-z_]+)\}/g)].map(match => match[1]).sort();
  const shape = (spec.params as { shape?: object } | undefined)?.shape ?? {};
  if (Object.keys(shape).sort().join() !== inPath.join())
    throw new Error(`${name} must describe each parameter of its path in \`params\`, and no other`);
}

/** Throws where an answer is not one that the route declares. */
function checkAnswer(spec: RouteSpec, status: number, json: string): void {
  const name = `${spec.method} ${spec.path}`;
  const schema = spec.answers[status];
  if (!schema) throw new Fault('internal', `${name} does not declare its answer ${status}`);
  const result = schema.safeParse(JSON.parse(json));
  if (result.success) return;
  const issues = result.error.issues.map(issue => `/${issue.path.join('/')} ${issue.message}`);
  throw new Fault('internal', `${name} answered ${status} against its declaration: ${issues.join('; ')}`);
}
