import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Engine } from '../src/config.ts';

/** An order as the importer sends it. */
export interface SentOrder {
  external_id: string;
  source: string;
  member: string;
  occurred_at: string;
  currency: string;
  channel?: string;
  kind?: string;
  partner?: string;
  lines: { id: string; quantity: number; amount: string; sku?: string; category?: string }[];
}

/**
 * What happens to a call: `lost` and `cut` break the connection before and after the orders were taken, `garbled` answers
 * half a document; `busy` asks to come back at once, `later` in an hour.
 */
export type Fate = 'taken' | 'lost' | 'cut' | 'garbled' | 'busy' | 'later' | 'refused';

export interface FakeEngine {
  engine: Engine;
  /** Orders by source and external id, in the order in which they were taken. */
  orders: Map<string, SentOrder>;
  /** Bulk calls that arrived, whatever became of them. */
  calls(): number;
  close(): Promise<void>;
}

interface Settings {
  /** Decides what happens to the n-th bulk call, from 1. */
  fate?: (call: number) => Fate;
  /** A refusal of one order, as the engine puts it into the results. */
  refusal?: (order: SentOrder) => { code: string; detail: string } | undefined;
  /** A mistake of one order for which the engine refuses the whole call; a pointer makes it findable. */
  mistake?: (order: SentOrder) => { pointer: string | undefined } | undefined;
  delayMs?: number;
}

/** A stand-in for the engine that keeps the contract of bulk calls: keys, conflicts, refusals, problems. */
export async function startFakeEngine(settings: Settings = {}): Promise<FakeEngine> {
  const orders = new Map<string, SentOrder>();
  let calls = 0;
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (request.method === 'GET') {
      const program = { program: 'shop', document: { currency: 'USD', time_zone: 'UTC' } };
      return reply(response, request.url === '/v1/programs/shop' ? 200 : 404, program);
    }
    const fate = settings.fate?.(++calls) ?? 'taken';
    if (settings.delayMs) await new Promise(resolve => setTimeout(resolve, settings.delayMs));
    if (fate === 'lost') return void response.destroy();
    if (fate === 'busy')
      return reply(response, 503, { code: 'overloaded', detail: 'busy' }, { 'retry-after': '0' });
    if (fate === 'later')
      return reply(response, 503, { code: 'overloaded', detail: 'busy' }, { 'retry-after': '3600' });
    if (fate === 'refused') return reply(response, 401, { code: 'unauthenticated', detail: 'no such key' });
    const { orders: sent } = JSON.parse(body) as { orders: SentOrder[] };
    const errors = sent.flatMap((order, index) => {
      const mistake = settings.mistake?.(order);
      const pointer = mistake?.pointer === undefined ? '' : `/orders/${index}${mistake.pointer}`;
      return mistake ? [{ pointer, message: 'is wrong' }] : [];
    });
    if (errors.length > 0)
      return reply(response, 400, { code: 'invalid_request', detail: 'not well formed', errors });
    const result = take(sent, orders, settings);
    if (fate === 'cut') return void response.destroy();
    if (fate === 'garbled') return void response.writeHead(200).end('{"created":');
    reply(response, 200, result);
  }

  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    engine: { url: `http://127.0.0.1:${port}`, key: 'fk_test' },
    orders,
    calls: () => calls,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function take(sent: readonly SentOrder[], orders: Map<string, SentOrder>, settings: Settings) {
  const answer = { created: 0, known: 0, refused: 0, results: [] as { row: number; problem: object }[] };
  for (const [row, order] of sent.entries()) {
    const key = `${order.source} ${order.external_id}`;
    const before = orders.get(key);
    const conflict = before && JSON.stringify(before) !== JSON.stringify(order);
    const refusal = conflict ? { code: 'key_reused', detail: 'another payload' } : settings.refusal?.(order);
    if (refusal) {
      answer.refused++;
      answer.results.push({ row, problem: refusal });
    } else if (before) answer.known++;
    else {
      orders.set(key, order);
      answer.created++;
    }
  }
  return answer;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function reply(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
