import { connect, type Socket } from 'node:net';
import { type OnResponse, ResponseReader } from './responses.ts';

const READ_BYTES = 65_536;
const CONNECT_MS = 10_000;

/**
 * One keep-alive connection to a server on this machine with at most one request in flight. It reads into one buffer
 * of its own, so that a response costs no allocation. Any break is an error: what is measured must not hide
 * reconnections.
 */
export class Channel {
  /** Receives the response to what was sent last; set it before sending. */
  onResponse: OnResponse = () => undefined;
  /** Called once when the connection ends although it was not closed here. */
  onBroken: (error: Error) => void = () => undefined;
  readonly #socket: Socket;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Connects; rejects when nobody listens on the port within 10 seconds. */
  static open(port: number): Promise<Channel> {
    return new Promise((resolve, reject) => {
      let channel: Channel | undefined;
      const reader = new ResponseReader((status, body) => channel?.onResponse(status, body));
      const socket = connect({
        host: '127.0.0.1',
        port,
        noDelay: true,
        onread: {
          buffer: Buffer.allocUnsafe(READ_BYTES),
          callback(length, bytes) {
            try {
              reader.read((bytes as Buffer).subarray(0, length));
            } catch (error) {
              socket.destroy(error as Error);
            }
            return true;
          },
        },
      });
      const own = new Channel(socket);
      const timer = setTimeout(() => socket.destroy(new Error(`no connection to port ${port}`)), CONNECT_MS);
      let failure: Error | undefined;
      socket.once('connect', () => {
        clearTimeout(timer);
        channel = own;
        resolve(own);
      });
      socket.on('error', error => {
        failure = error;
      });
      socket.once('close', () => {
        clearTimeout(timer);
        const error = failure ?? new Error(`port ${port} closed the connection`);
        if (channel === undefined) reject(error);
        else if (!own.#closed) own.onBroken(error);
      });
    });
  }

  /** Sends a whole request. The bytes must stay as they are until the response is there. */
  send(request: Buffer): void {
    this.#socket.write(request);
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }
}

/** Opens many connections, a hundred at a time so that no listener's queue overflows. */
export async function openChannels(port: number, count: number): Promise<Channel[]> {
  const channels: Channel[] = [];
  while (channels.length < count) {
    const next = Array.from({ length: Math.min(100, count - channels.length) }, () => Channel.open(port));
    channels.push(...(await Promise.all(next)));
  }
  return channels;
}
