import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Refusal } from '../errors.ts';
import { PROBLEM_TYPE, type Problems } from './problems.ts';

/** Answers what Node could not even read as a request: too large a head, too slow, not HTTP. */
export function answerConnectionError(
  problems: Problems,
): (error: NodeJS.ErrnoException, socket: Socket) => void {
  const refusals = new Map<string | undefined, Refusal>([
    [
      'HPE_HEADER_OVERFLOW',
      { code: 'headers_too_large', detail: 'The head of the request is larger than 16 KiB.' },
    ],
    [
      'ERR_HTTP_REQUEST_TIMEOUT',
      { code: 'request_timeout', detail: 'The request did not arrive whole in the time it may take.' },
    ],
  ]);
  return (error, socket) => {
    // What a caller goes on sending behind the first mistake is a mistake each; the answer to the first is on its way.
    if (error.code === 'ECONNRESET' || socket.destroyed || socket.writableEnded) return;
    const refusal = refusals.get(error.code) ?? {
      code: 'invalid_request',
      detail: 'This is not an HTTP/1.1 request that can be read.',
    };
    const { status, body } = problems.ofRefusal(refusal);
    const text = JSON.stringify(body);
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      `content-type: ${PROBLEM_TYPE}`,
      `content-length: ${Buffer.byteLength(text)}`,
      'connection: close',
    ];
    if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${text}`);
    socket.destroySoon();
  };
}

const LOOK_MS = 25;

/** Keeps the open connections, because Node does not count one that has not sent anything yet as idle. */
export function watchConnections(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return open;
}

/**
 * Takes no more connections, lets what was accepted end for at most `boundMs`, and cuts the rest. True when nothing had to
 * be cut.
 */
export async function closeServer(
  app: FastifyInstance,
  connections: ReadonlySet<Socket>,
  boundMs: number,
): Promise<boolean> {
  const closed = app.close().then(() => true);
  const sweep = () => {
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    // A connection becomes idle when its last answer is out; Node closes idle ones only when told.
    app.server.closeIdleConnections();
  };
  sweep();
  const sweeping = setInterval(sweep, LOOK_MS);
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, boundMs, false);
  });
  const clean = await Promise.race([closed, bound]);
  clearInterval(sweeping);
  clearTimeout(timer);
  if (!clean) app.server.closeAllConnections();
  await closed;
  return clean;
}
