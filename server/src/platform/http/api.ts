import type { IncomingHttpHeaders } from 'node:http';
import type * as z from 'zod';
import type { Outcome } from '../errors.ts';

/** Who calls: what a verified key may do. */
export interface Credentials {
  /** `key_…` */
  readonly id: string;
  readonly label: string;
  /** The one program the key is bound to; null: any. */
  readonly program: string | null;
  readonly scopes: ReadonlySet<string>;
  /** Names that the key may use as `source`; `*`: any. */
  readonly sources: readonly string[];
}

export interface ProgramRef {
  readonly id: number;
  readonly name: string;
}

/** One request, authenticated, authorised and validated. */
export interface Call<B = undefined, Q = Empty, P = Empty, H = IncomingHttpHeaders, G = ProgramRef> {
  readonly body: B;
  readonly query: Q;
  readonly params: P;
  readonly headers: H;
  /** On public routes (`scope: null`) these are nobody's, without any scope. */
  readonly credentials: Credentials;
  /** The program of `Fealty-Program` or of the key; undefined where the route does not say `program: true`. */
  readonly program: G;
  readonly requestId: string;
  /** True with `?dry_run=true` on a route that allows it; the answer is then 200. */
  readonly dryRun: boolean;
}

export type Empty = Readonly<Record<string, never>>;
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * One route: what it takes, who may call it and every answer it gives. The same declaration authorises, validates,
 * types the handler and documents.
 */
export interface RouteSpec<
  B extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  P extends z.ZodType = z.ZodType,
  H extends z.ZodType = z.ZodType,
  G extends boolean = boolean,
> {
  method: Method;
  /** As in OpenAPI: `/v1/orders/{order}`. */
  path: string;
  /** The scope that a key needs; null makes the route public. There is no default: a route without it is a startup fault. */
  scope: string | null;
  summary: string;
  /** Longer text for the reference page, in Markdown. */
  description?: string;
  tag: string;
  /** The name of the operation for generated clients, such as `createOrder`; made from method and path when left out. */
  operation?: string;
  /** The route works on one program: needs `Fealty-Program` or a key that is bound to one. */
  program?: G;
  /** Use `z.strictObject`, so that unknown properties are refused. Without it only an empty body is taken. */
  body?: B;
  /** `z.strictObject`; `dry_run` is added by `dryRun`. */
  query?: Q;
  /** One property for each `{name}` of the path. */
  params?: P;
  /** Headers beyond the common ones, in lower case, as `z.object`. */
  headers?: H;
  /** The body of every answer that is not a problem, by status, as it is on the wire. */
  answers: Record<number, z.ZodType>;
  /** Error codes beyond those that every route of its kind can answer. */
  refusals?: readonly string[];
  dryRun?: boolean;
  /** Bytes; 1 MiB when left out. */
  bodyLimit?: number;
  /** The handler's value is the JSON text itself. */
  rawAnswer?: boolean;
}

/** `status` is 200 when left out, and always 200 in a dry run. */
export type Answer = Outcome<unknown> | { ok: true; value: unknown; status?: number };
export type Handler<C> = (call: C) => Promise<Answer>;

/** What a module's `routes.ts` is given. */
export interface Api {
  route<
    B extends z.ZodType = z.ZodUndefined,
    Q extends z.ZodType = z.ZodType<Empty>,
    P extends z.ZodType = z.ZodType<Empty>,
    H extends z.ZodType = z.ZodType<IncomingHttpHeaders>,
    G extends boolean = false,
  >(
    spec: RouteSpec<B, Q, P, H, G>,
    handler: Handler<
      Call<z.output<B>, z.output<Q>, z.output<P>, z.output<H>, G extends true ? ProgramRef : undefined>
    >,
  ): void;
  /** The scopes that any route asks for, known when all routes are registered. */
  scopes(): ReadonlySet<string>;
}

/** For a call with up to 1,000 rows. */
export const BULK_BODY_LIMIT = 8 * 1024 * 1024;
export const BODY_LIMIT = 1024 * 1024;
