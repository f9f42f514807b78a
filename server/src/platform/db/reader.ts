import { Connection, type Tx } from './client.ts';

/**
 * Reads that are asked for while one is under way are answered together by the next: a consistent read at
 * the price of a cache, because what is read was asked for before and committed before.
 */
export class CoalescedReader<Key, Value> {
  private readonly read: (keys: readonly Key[]) => Promise<readonly Value[]>;
  private readonly most: number;
  private waiting: { key: Key; resolve(value: Value): void; reject(error: unknown): void }[] = [];
  private running = false;

  /** `read` answers each key at its place; at most `most` keys go into one read. */
  constructor(options: { most: number; read(keys: readonly Key[]): Promise<readonly Value[]> }) {
    this.read = options.read;
    this.most = options.most;
  }

  get(key: Key): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ key, resolve, reject });
      if (!this.running) {
        this.running = true;
        setImmediate(() => void this.run());
      }
    });
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.most);
      try {
        const values = await this.read(batch.map(waiting => waiting.key));
        for (const [index, waiting] of batch.entries()) waiting.resolve(values[index] as Value);
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    this.running = false;
  }
}

/** A connection for reads alone, opened with the first. One that broke while nobody read is replaced once, unseen. */
export class ReadConnection {
  private readonly url: string;
  private readonly name: string;
  private connection: Connection | undefined;

  constructor(url: string, name: string) {
    this.url = url;
    this.name = name;
  }

  async run<T>(read: (tx: Tx) => Promise<T>): Promise<T> {
    const fresh = this.connection?.usable !== true;
    if (fresh) this.connection = await Connection.open(this.url, this.name);
    try {
      return await read(this.connection as Connection);
    } catch (error) {
      if (fresh || this.connection?.usable === true) throw error;
      this.connection = await Connection.open(this.url, this.name);
      return read(this.connection);
    }
  }

  async close(): Promise<void> {
    await this.connection?.close();
  }
}
