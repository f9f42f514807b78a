/** A request as it goes over the wire. */
export interface Wire {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string | string[]>;
  /** The body as a value; `raw` is sent instead where it is there. */
  json: unknown;
  raw?: string | Buffer;
}

/** The value of a JSON text; undefined where it is none. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
