import { Agent, request as httpRequest } from 'node:http';

/** An answer that came whole. */
export interface Answer {
  status: number;
  body: unknown;
}

export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
}

/** Sends requests over kept connections. Rejects when no whole answer came, whatever the reason: the outcome is unknown. */
export class Http {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  send(origin: string, key: string, { method, path, body, headers }: Request): Promise<Answer> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const sent = httpRequest(new URL(path, origin), {
        method,
        agent: this.#agent,
        signal: AbortSignal.timeout(this.#timeoutMs),
        headers: {
          authorization: `Bearer ${key}`,
          ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
          ...headers,
        },
      });
      sent.on('error', reject);
      sent.on('response', response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          // A body that was cut off is no answer: `complete` is false when the connection ended early.
          if (!response.complete) return reject(new Error('the answer was cut off'));
          try {
            resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) });
          } catch (error) {
            reject(error);
          }
        });
      });
      sent.end(payload);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
