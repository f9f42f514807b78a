/*
 * Cursors are opaque to callers, so that what they hold can change: the sort key of the last row, as texts. They are not
 * secret and not signed: a made-up cursor reads rows that its maker may read anyway.
 */

import { refuse } from '../errors.ts';

/** A cursor that holds `parts`. */
export const encodeCursor = (...parts: string[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url');

/** The parts of a cursor, or undefined where it is not one with `count` parts, or holds what PostgreSQL's texts cannot. */
export function decodeCursor(cursor: string, count: number): string[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const good = Array.isArray(parts) && parts.length === count && parts.every(isText);
    return good ? parts : undefined;
  } catch {
    return undefined;
  }
}

const isText = (part: unknown): boolean => typeof part === 'string' && !part.includes('\0');

const MAX_ID = 2n ** 63n;

/** A cursor that is one id. */
export const encodeIdCursor = (id: bigint): string => encodeCursor(String(id));

/** The id of a cursor of `encodeIdCursor`, or undefined. */
export const decodeIdCursor = (cursor: string): bigint | undefined => decodeIdsCursor(cursor, 1)?.[0];

/** The cursor of what follows a page of rows by id; null where the page is not full. */
export function nextById(rows: readonly { readonly id: bigint }[], limit: number): string | null {
  const last = rows.length < limit ? undefined : rows.at(-1);
  return last === undefined ? null : encodeIdCursor(last.id);
}

/** What a list answers to a cursor that it has not given. */
export const foreignCursor = () =>
  refuse('invalid_request', 'The cursor is not one of this list.', {
    errors: [{ pointer: '/query/cursor', message: 'must be the `next` of an earlier answer' }],
  });

/** The ids of a cursor that holds `count` of them, or undefined. */
export function decodeIdsCursor(cursor: string, count: number): bigint[] | undefined {
  const parts = decodeCursor(cursor, count);
  if (!parts?.every(part => /^[0-9]{1,19}$/.test(part))) return undefined;
  const ids = parts.map(BigInt);
  return ids.every(id => id < MAX_ID) ? ids : undefined;
}
