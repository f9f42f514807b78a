import { hash as digest } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Fault } from '#platform/errors.ts';
import type { Credentials } from '#platform/http/api.ts';
import { KEY_TEXT } from './model.ts';

/** How long a verified key is taken without asking again: a revocation reaches every process within this time. */
export const TRUSTED_MS = 5_000;
const MAX_KEYS = 10_000;
/** Look-ups at one time; more than this is not traffic, it is somebody who tries keys. */
const MAX_PENDING = 1_000;

export interface VerifierOptions {
  /** Asks the database; the hash is SHA-256 in hex. */
  find: (hash: string) => Promise<Credentials | undefined>;
  /** Milliseconds that never go back. */
  now?: () => number;
}

/**
 * Says who a key is. Keys are remembered by their hash, so that no secret stays in memory; the hash costs 0.5 us.
 * Comparing need not take constant time: what is compared is the hash of 256 random bits, and how far two hashes agree
 * tells nothing about the text that would give the right one.
 */
export class Verifier {
  private readonly find: VerifierOptions['find'];
  private readonly now: () => number;
  private readonly valid: LRUCache<string, Credentials>;
  // Apart from the valid ones, so that made-up keys cannot push those out.
  private readonly invalid: LRUCache<string, true>;
  private readonly pending = new Map<string, Promise<Credentials | undefined>>();
  /** Grows with every change in this process: what was asked before it is not remembered. */
  private changes = 0;

  constructor({ find, now = () => performance.now() }: VerifierOptions) {
    this.find = find;
    this.now = now;
    // Resolution 0 reads the clock each time (0.04 us) instead of keeping a timer alive for every millisecond.
    const options = { max: MAX_KEYS, ttl: TRUSTED_MS, ttlResolution: 0, perf: { now } };
    this.valid = new LRUCache(options);
    this.invalid = new LRUCache(options);
  }

  /** The credentials of a key, at once where it was asked for lately; undefined where it is not valid. */
  authenticate(key: string): Credentials | undefined | Promise<Credentials | undefined> {
    if (!KEY_TEXT.test(key)) return undefined;
    const hash = hashOf(key);
    const known = this.valid.get(hash);
    if (known !== undefined) return known;
    if (this.invalid.get(hash)) return undefined;
    return this.ask(hash);
  }

  /** Forgets a key that was made or revoked here, so that it counts at once in this process. */
  forget(hash: string): void {
    this.changes += 1;
    this.valid.delete(hash);
    this.invalid.delete(hash);
    this.pending.delete(hash);
  }

  /** One question for all who ask at the same time. */
  private ask(hash: string): Promise<Credentials | undefined> {
    const running = this.pending.get(hash);
    if (running) return running;
    if (this.pending.size >= MAX_PENDING)
      return Promise.reject(new Fault('overloaded', 'Too many keys are being looked up.', { retryAfter: 1 }));
    const asking = this.lookUp(hash).finally(() => {
      if (this.pending.get(hash) === asking) this.pending.delete(hash);
    });
    this.pending.set(hash, asking);
    return asking;
  }

  private async lookUp(hash: string): Promise<Credentials | undefined> {
    const changes = this.changes;
    // From here, not from the answer: the key may be revoked while the answer is on its way.
    const start = this.now();
    const found = await this.find(hash);
    if (changes !== this.changes) return found;
    if (found) this.valid.set(hash, found, { start });
    else this.invalid.set(hash, true, { start });
    return found;
  }
}

/** The hash under which a key is stored. */
export const hashOf = (key: string): string => digest('sha256', key, 'hex');
