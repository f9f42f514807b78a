import { closeSync, createReadStream, fdatasync, openSync, write } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const writeAll = promisify(write);
const sync = promisify(fdatasync);

/** What kind of command a line speaks of. */
export type Operation =
  | 'order'
  | 'amendment'
  | 'return'
  | 'hold'
  | 'redeem'
  | 'capture'
  | 'void'
  | 'refund'
  | 'adjust';

/** One movement as the answer told it. `at`: when it becomes usable, if not at once. */
export type Moved = readonly [entry: string, kind: string, points: string, at: string | null];

/** What was bought, in an order or a revision of it. */
export interface Bought {
  /** Epoch ms. */
  at: number;
  channel: string;
  lines: readonly (readonly [id: string, amount: string])[];
}

/** Written, and on the disk, before the request leaves. */
export interface Sent {
  key: string;
  operation: Operation;
  member: string;
  /** Hash of what was sent. */
  sent: string;
  at: number;
  bought?: Bought | undefined;
}

/** Written, and on the disk, when the answer came or did not come. */
export type Decided =
  | { key: string; at: number; outcome: 'ok'; known: boolean; answer: string; moved: readonly Moved[] }
  | { key: string; at: number; outcome: 'refused'; code: string }
  | { key: string; at: number; outcome: 'unknown'; reason: string };

/**
 * The clients' own record of what they sent and what they were told, one JSON line a record: the truth that the
 * database is judged by. It lives outside every victim and is on the disk before the client goes on.
 */
export class Journal {
  readonly path: string;
  readonly #file: number;
  #waiting: { text: string; written(): void; failed(error: unknown): void }[] = [];
  #writing: Promise<void> | undefined;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'ax', 0o600);
  }

  /** Resolves when the records are on the disk. Records that come meanwhile share the next sync. */
  add(records: readonly (Sent | Decided)[]): Promise<void> {
    const text = records.map(record => `${JSON.stringify(record)}\n`).join('');
    return new Promise((written, failed) => {
      this.#waiting.push({ text, written, failed });
      this.#writing ??= this.#write();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    closeSync(this.#file);
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        const bytes = Buffer.from(batch.map(({ text }) => text).join(''));
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await writeAll(this.#file, bytes, done, bytes.length - done, null);
          done += bytesWritten;
        }
        await sync(this.#file);
        for (const { written } of batch) written();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#writing = undefined;
  }
}

/** All that the journal says about one key. */
export interface Story {
  key: string;
  operation: Operation;
  member: string;
  bought: Bought | undefined;
  /** How often no answer came. */
  unknown: number;
  /** Every answer that came, in order; a retry after `ok` is answered again. */
  answers: (Decided & { outcome: 'ok' | 'refused' })[];
  /** True when two requests of this key differed: the harness itself would be wrong. */
  inconsistent: boolean;
}

/** Reads a journal back from the disk. */
export async function readJournal(path: string): Promise<Map<string, Story>> {
  const stories = new Map<string, Story>();
  const hashes = new Map<string, string>();
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const record = JSON.parse(line) as Sent | Decided;
    const known = stories.get(record.key);
    if ('sent' in record) {
      const { key, operation, member, sent, bought } = record;
      if (known === undefined)
        stories.set(key, { key, operation, member, bought, unknown: 0, answers: [], inconsistent: false });
      else if (hashes.get(key) !== sent) known.inconsistent = true;
      hashes.set(key, sent);
    } else if (known === undefined)
      throw new Error(`the journal tells the outcome of ${record.key}, which was never sent`);
    else if (record.outcome === 'unknown') known.unknown += 1;
    else known.answers.push(record);
  }
  return stories;
}
