import { type Client, createClient, createConfig } from './generated/client/index.ts';

export type { Client } from './generated/client/index.ts';
export * from './generated/index.ts';

/** Where an engine answers, and as whom to speak to it. */
export interface Connection {
  /** Such as `http://127.0.0.1:4100`. */
  url: string;
  /** An API key, `fk_...`. */
  key: string;
  /** The program to work on; may be left out with a key that is bound to one. */
  program?: string | undefined;
}

/**
 * A client for one engine, to be passed to the operations:
 * `await createOrder({ client, body: order })` answers `{ data, error, response }`, `error` being a problem document.
 * Amounts and points are strings of integers, times RFC 3339. `fetch` replaces the global one, for tests and proxies.
 */
export function connect({ url, key, program }: Connection, fetch?: typeof globalThis.fetch): Client {
  const headers = program === undefined ? {} : { 'Fealty-Program': program };
  return createClient(createConfig({ baseUrl: url, auth: key, headers, ...(fetch ? { fetch } : {}) }));
}
