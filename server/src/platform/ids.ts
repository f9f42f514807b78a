import { createHash, hash, randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';

/*
 * Ids are 63-bit integers that sort by time: 41 bits of milliseconds since 2025, 10 bits of the writer
 * and 12 bits of a counter. The time inside lets a table be partitioned by id and a look-up by id be
 * pruned to one partition. On the wire they are a prefix and 13 characters of Crockford's base 32, which
 * sort as the numbers do.
 */
const EPOCH = Date.UTC(2025, 0, 1);
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const VALUE = new Map([...ALPHABET].map((letter, value) => [letter, BigInt(value)]));

export interface Ids {
  next(): bigint;
}

/** A generator for one process; `writer` (0..1023) keeps processes apart, the primary key catches the rest. */
export function createIds(writer: number, clock: Clock): Ids {
  let last = 0;
  let counter = 0;
  const low = BigInt(writer & 1023) << 12n;
  let base = 0n;
  return {
    next() {
      const now = clock.now() - EPOCH;
      if (now > last) {
        last = now;
        counter = 0;
        base = (BigInt(last) << 22n) | low;
      } else if (counter === 4095) {
        // 4,096 ids in one millisecond, or a clock set back: borrow the next millisecond.
        last += 1;
        counter = 0;
        base = (BigInt(last) << 22n) | low;
      } else counter += 1;
      return base | BigInt(counter);
    },
  };
}

/** The smallest id that can be made at `at` (epoch milliseconds): the bound of a partition. */
export const firstIdAt = (at: number): bigint => BigInt(Math.max(0, at - EPOCH)) << 22n;

/** When an id was made, epoch milliseconds. */
export const idTime = (id: bigint): number => Number(id >> 22n) + EPOCH;

const CODES = Buffer.from(ALPHABET);
/** Where letters are put together: one string a text instead of one a letter. */
const letters = Buffer.alloc(26);

/** `value` as `length` (at most 26) characters of base 32. */
export function base32(value: bigint, length: number): string {
  let high = Number(value >> 30n);
  let low = Number(value & 0x3fffffffn);
  for (let i = length - 1; i >= 0; i -= 1) {
    if (length - i <= 6) {
      letters[i] = CODES[low & 31] as number;
      low >>>= 5;
    } else {
      letters[i] = CODES[high % 32] as number;
      high = Math.floor(high / 32);
    }
  }
  return letters.toString('latin1', 0, length);
}

/** The number written in base 32, or undefined where `text` is not of that alphabet. */
export function parseBase32(text: string): bigint | undefined {
  let value = 0n;
  for (const letter of text) {
    const digit = VALUE.get(letter);
    if (digit === undefined) return undefined;
    value = value * 32n + digit;
  }
  return value;
}

/** `ord_01j…`: the id as callers see it. */
export const wireId = (prefix: string, id: bigint): string => `${prefix}_${base32(id, 13)}`;

/** The number of a wire id, or undefined where it is not one with this prefix. */
export function parseWireId(prefix: string, text: string): bigint | undefined {
  if (text.length !== prefix.length + 14 || !text.startsWith(`${prefix}_`)) return undefined;
  const value = parseBase32(text.slice(prefix.length + 1));
  return value !== undefined && value < 1n << 63n ? value : undefined;
}

/**
 * The 16-byte hash, as UUID text, of a list of strings, each preceded by its length, so that no two
 * different lists read the same. 128 bits of SHA-256: a collision by chance needs about 2^64 keys.
 */
export function hash128(...parts: string[]): string {
  let text = '';
  for (const part of parts) text += `${part.length}:${part}`;
  return hash('sha256', text, 'hex').slice(0, 32);
}

/** SHA-256 as lower-case hex. */
export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** A secret of 256 random bits for an API key. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');
