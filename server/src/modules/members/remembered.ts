import { LRUCache } from 'lru-cache';
import { externalKey, type Located } from './model.ts';

/**
 * The members that were met last, by both of their ids. A text and two numbers for each instead of an object: each takes
 * 170 bytes instead of 220, and the garbage collector has one thing to visit instead of four (all of a million: 20 ms, not 124).
 */
export class Remembered {
  /** Program and external id as one text, by id; exact, because ids stay below 2^46. */
  private readonly keys = new Map<number, string>();
  private readonly ids: LRUCache<string, number>;

  constructor(capacity: number) {
    this.ids = new LRUCache({ max: capacity, dispose: id => this.keys.delete(id) });
  }

  byExternalId(programId: number, externalId: string): Located | undefined {
    const id = this.ids.get(externalKey(programId, externalId));
    return id === undefined ? undefined : { id: BigInt(id), programId, externalId, enrolled: false };
  }

  byId(programId: number, id: bigint): Located | undefined {
    const key = this.keys.get(Number(id));
    const program = `${programId} `;
    return key?.startsWith(program) ? this.byExternalId(programId, key.slice(program.length)) : undefined;
  }

  add({ id, programId, externalId }: Pick<Located, 'id' | 'programId' | 'externalId'>): void {
    const number = Number(id);
    if (this.keys.has(number)) return;
    const key = externalKey(programId, externalId);
    this.keys.set(number, key);
    this.ids.set(key, number);
  }
}
