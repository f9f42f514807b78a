import { Agent, request } from 'node:http';
import { parse, type Wire } from './wire.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The body as a value; undefined where it is not JSON. */
  json: unknown;
}

/** No request takes this long; one that does hangs. */
const PATIENCE_MS = 30_000;

/** Speaks HTTP over kept connections, and sends what fetch would correct or refuse. */
export class Client {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 4 });
  private readonly base: URL;

  constructor(url: string) {
    this.base = new URL(url);
  }

  /** Rejects where there is no answer. */
  send(wire: Wire): Promise<Answer> {
    const { method, path, query, headers } = wire;
    const body = wire.raw ?? (wire.json === undefined ? undefined : JSON.stringify(wire.json));
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    return new Promise((resolve, reject) => {
      const call = request(
        {
          agent: this.agent,
          host: this.base.hostname,
          port: this.base.port,
          method,
          path: query === '' ? path : `${path}?${query}`,
          headers: { ...headers, ...length },
          timeout: PATIENCE_MS,
        },
        response => {
          const parts: Buffer[] = [];
          response.on('data', part => parts.push(part));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(parts).toString();
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: parse(text),
            });
          });
        },
      );
      call.on('timeout', () => call.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
      call.on('error', reject);
      call.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
