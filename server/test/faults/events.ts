import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.ts';

interface Event {
  id: string;
  type: string;
  data: { external_id?: string; revision?: number; entries?: { entry: string }[] };
}

/** What the event log has told so far. */
export interface Heard {
  /** Ids of events in the order of reading. */
  events: string[];
  /** Entries that events spoke of; one that was told twice stands here twice. */
  entries: string[];
  /** By key of a command: how many events were about it. */
  commands: Map<string, number>;
}

/** How the journal names a command: by its external id, which is unique over all operations; amendments apart. */
export const keyOf = (externalId: string, revision = 1): string =>
  revision === 1 ? externalId : `${externalId}.r${revision}`;

const PAGE = 1000;
const PAUSE_MS = 40;

/**
 * Reads the event log from the beginning, the way a consumer does: it remembers its cursor, goes on after every
 * failure, and never reads anything again.
 */
export class Listener {
  readonly heard: Heard = { events: [], entries: [], commands: new Map() };
  readonly wrong: string[] = [];
  readonly #client: Client;
  #after: string | undefined;
  #stopped = false;
  #listening: Promise<void> | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Follows the log until `stop`. */
  start(): void {
    this.#stopped = false;
    this.#listening = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#listening;
  }

  /** Reads on to the present end of the log. Call it only while it does not follow. */
  async readAll(): Promise<Heard> {
    while (!(await this.#page()));
    return this.heard;
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) if (await this.#page().catch(() => true)) await sleep(PAUSE_MS);
  }

  /** One page; true at the end of the log, and when none could be read. */
  async #page(): Promise<boolean> {
    const after = this.#after === undefined ? '' : `&after=${this.#after}`;
    const { status, body } = await this.#client.ask({
      method: 'GET',
      path: `/v1/events?limit=${PAGE}${after}`,
    });
    if (status !== 200) {
      if (status !== 503) this.wrong.push(`events: ${status} ${JSON.stringify(body).slice(0, 300)}`);
      throw new Error(`events were answered with ${status}`);
    }
    const { data, next } = body as { data: Event[]; next: string };
    for (const event of data) this.#take(event);
    this.#after = next;
    return data.length === 0;
  }

  #take({ id, data }: Event): void {
    const { events, entries, commands } = this.heard;
    events.push(id);
    for (const { entry } of data.entries ?? []) entries.push(entry);
    if (data.external_id === undefined) return;
    const key = keyOf(data.external_id, data.revision);
    commands.set(key, (commands.get(key) ?? 0) + 1);
  }
}
