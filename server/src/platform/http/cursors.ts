/*
 * Cursors are opaque to callers, so that what they hold can change: the sort key of the last row, as texts. They are not
 * secret and not signed: a made-up cursor reads rows that its maker may read anyway.
 */

/** A cursor that holds `parts`. */
export const encodeCursor = (...parts: string[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url');

/** The parts of a cursor, or undefined where it is not one with `count` parts. */
export function decodeCursor(cursor: string, count: number): string[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const good =
      Array.isArray(parts) && parts.length === count && parts.every(part => typeof part === 'string');
    return good ? parts : undefined;
  } catch {
    return undefined;
  }
}

const MAX_ID = 2n ** 63n;

/** A cursor that is one id. */
export const encodeIdCursor = (id: bigint): string => encodeCursor(String(id));

/** The id of a cursor of `encodeIdCursor`, or undefined. */
export function decodeIdCursor(cursor: string): bigint | undefined {
  const text = decodeCursor(cursor, 1)?.[0];
  if (text === undefined || !/^[0-9]{1,19}$/.test(text)) return undefined;
  const id = BigInt(text);
  return id < MAX_ID ? id : undefined;
}
