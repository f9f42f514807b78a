import { type AddressInfo, createServer, connect as open, type Server, type Socket } from 'node:net';

/** Stands between an engine and its database, so that what the database answers can be lost on the way. */
export class Wire {
  readonly url: string;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [engine: Socket, database: Socket]>();
  #isMute = false;

  private constructor(url: URL, server: Server) {
    this.#server = server;
    const { port, hostname } = url;
    server.on('connection', engine => this.#join(engine, open(Number(port), hostname)));
    const own = new URL(url);
    own.port = String((server.address() as AddressInfo).port);
    this.url = own.href;
  }

  /** Carries what is sent to `url`, a database on this machine, under another address. */
  static async before(url: string): Promise<Wire> {
    const server = createServer();
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
    return new Wire(new URL(url), server);
  }

  /** From now on no answer arrives any more; what is asked still does. */
  mute(): void {
    this.#isMute = true;
  }

  /** Cuts all connections; new ones carry both ways again. Gives how many those were. */
  cut(): number {
    const cut = [...this.#pairs];
    for (const pair of cut) for (const socket of pair) socket.destroy();
    this.#isMute = false;
    return cut.length;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(engine: Socket, database: Socket): void {
    const pair = [engine, database] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [database, engine]] as const) {
      from.setNoDelay(true);
      from.on('error', () => from.destroy());
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
    engine.on('data', sent => database.write(sent));
    database.on('data', answer => this.#isMute || engine.write(answer));
  }
}
