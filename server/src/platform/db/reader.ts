import { Connection, type Tx } from './client.ts';

/**
 * Reads that are asked for while one is under way are answered together by the next: a consistent read at
 * the price of a cache, because what is read was asked for before and committed before.
 */
export class CoalescedReader<Key, Value> {
  private readonly url: string;
  private readonly name: string;
  private readonly read: (tx: Tx, keys: readonly Key[]) => Promise<readonly Value[]>;
  private readonly most: number;
  private waiting: { key: Key; resolve(value: Value): void; reject(error: unknown): void }[] = [];
  private running = false;
  private connection: Connection | undefined;

  /** `read` answers each key at its place; at most `most` keys go into one read. */
  constructor(options: {
    url: string;
    name: string;
    most: number;
    read(tx: Tx, keys: readonly Key[]): Promise<readonly Value[]>;
  }) {
    this.url = options.url;
    this.name = options.name;
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

  async close(): Promise<void> {
    await this.connection?.close();
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.most);
      try {
        const values = await this.attempt(batch.map(waiting => waiting.key));
        for (const [index, waiting] of batch.entries()) waiting.resolve(values[index] as Value);
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    this.running = false;
  }

  /** A connection that broke while nobody read is replaced once, unseen. */
  private async attempt(keys: readonly Key[]): Promise<readonly Value[]> {
    const fresh = this.connection?.usable !== true;
    if (fresh) this.connection = await Connection.open(this.url, this.name);
    try {
      return await this.read(this.connection as Connection, keys);
    } catch (error) {
      if (fresh || this.connection?.usable === true) throw error;
      this.connection = await Connection.open(this.url, this.name);
      return this.read(this.connection, keys);
    }
  }
}
