import { isUtf8 } from 'node:buffer';

/** Deeper than any document of the API by far, and shallow enough for every recursive function. */
export const MAX_DEPTH = 32;

/** What is wrong with a body, and where. */
export interface JsonFault {
  detail: string;
  errors?: { pointer: string; message: string }[];
}
export type Parsed = { ok: true; value: unknown } | { ok: false; fault: JsonFault };

const fault = (detail: string, pointer?: string, message?: string): Parsed => ({
  ok: false,
  fault: pointer === undefined ? { detail } : { detail, errors: [{ pointer, message: message ?? detail }] },
});

// Escapes that could give NUL or half of a surrogate pair; what matches is looked at closely.
const DOUBTFUL = /\\u(?:0000|[dD][89a-fA-F])/;

/**
 * Reads a JSON body and refuses what would be read differently elsewhere or could not be stored: invalid UTF-8, NUL, lone
 * surrogates, `__proto__`, a property given twice, nesting deeper than 32. An empty body is undefined.
 *
 * Measured for an order of 170 bytes: 1.4 us, of which JSON.parse is 0.9; the close look happens to doubtful bodies only.
 */
export function parseJson(bytes: Buffer): Parsed {
  if (bytes.length === 0) return { ok: true, value: undefined };
  if (!isUtf8(bytes)) return fault('The body is not valid UTF-8.');
  const properties = measure(bytes);
  if (properties < 0) return fault(`The body is nested deeper than ${MAX_DEPTH} levels.`);
  const text = bytes.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fault(describeMistake(text));
  }
  // Fewer properties in the value than in the text: one was given twice, and JSON.parse kept the last.
  if (properties !== countProperties(value) || DOUBTFUL.test(text)) {
    const found = lookClosely(text);
    if (found) return fault('The body holds something that cannot be taken.', found.pointer, found.message);
  }
  return { ok: true, value };
}

/**
 * The number of properties in a text that is JSON (colons outside strings), or -1 where it is nested too deep. Over bytes,
 * not characters: 0.17 us instead of 0.28 for a small order.
 */
function measure(bytes: Buffer): number {
  let depth = 0;
  let colons = 0;
  let inString = false;
  const length = bytes.length;
  for (let i = 0; i < length; i += 1) {
    const byte = bytes[i];
    if (inString) {
      if (byte === 0x5c) i += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x3a) colons += 1;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > MAX_DEPTH) return -1;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return colons;
}

/** The number of properties in a value; -1, which no text has, where one is `__proto__`. */
function countProperties(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) {
      const inside = countProperties(item);
      if (inside < 0) return -1;
      count += inside;
    }
    return count;
  }
  for (const key in value) {
    if (key === '__proto__') return -1;
    const inside = countProperties((value as Record<string, unknown>)[key]);
    if (inside < 0) return -1;
    count += inside + 1;
  }
  return count;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** Goes through the tokens of a text that JSON.parse took and finds the first thing that cannot be taken. */
function lookClosely(text: string): { pointer: string; message: string } | undefined {
  // One level for each open object (its keys so far and the present one) or array (the present index).
  const levels: { keys: Set<string> | undefined; at: string | number }[] = [];
  const pointer = () => levels.map(level => `/${escapePointer(level.at)}`).join('');
  let expectsKey = false;
  for (const [token] of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') {
      levels.push(token === '{' ? { keys: new Set(), at: '' } : { keys: undefined, at: 0 });
      expectsKey = token === '{';
    } else if (token === '}' || token === ']') {
      levels.pop();
      expectsKey = false;
    } else if (token === ',') {
      if (level?.keys) expectsKey = true;
      else if (level) level.at = Number(level.at) + 1;
    } else if (token !== ':') {
      const string = JSON.parse(token) as string;
      if (expectsKey && level?.keys) {
        const repeated = level.keys.has(string);
        level.keys.add(string);
        level.at = string;
        expectsKey = false;
        if (repeated) return { pointer: pointer(), message: 'is given twice' };
        if (string === '__proto__') return { pointer: pointer(), message: 'is not a name that can be used' };
      }
      if (string.includes('\0')) return { pointer: pointer(), message: 'must not hold the character NUL' };
      if (!string.isWellFormed())
        return { pointer: pointer(), message: 'must not hold half of a surrogate pair' };
    }
  }
  return undefined;
}

/** One step of a JSON pointer (RFC 6901). */
export const escapePointer = (step: string | number): string =>
  String(step).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1');

const LEXEME =
  /[ \t\n\r]*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)|([{}[\],:]))/y;
const OPENERS = new Map([
  ['}', '{'],
  [']', '['],
]);

/**
 * Where a text stops being JSON: V8 tells it for some mistakes only, and quotes the text for the others. The state is
 * what may come next: `v` a value, `V` a value or `]`, `k` a name, `K` a name or `}`, `:` a colon, `,` a comma or an end.
 */
function positionOfMistake(text: string): number {
  const open: string[] = [];
  let next = 'v';
  LEXEME.lastIndex = 0;
  for (let from = 0; ; from = LEXEME.lastIndex) {
    const lexeme = LEXEME.exec(text);
    if (lexeme === null) return from + (/^[ \t\n\r]*/.exec(text.slice(from))?.[0].length ?? 0);
    const [whole, string, scalar, mark] = lexeme;
    const isValue = next === 'v' || next === 'V';
    if (string !== undefined && (next === 'k' || next === 'K')) next = ':';
    else if ((string ?? scalar) !== undefined && isValue) next = ',';
    else if ((mark === '{' || mark === '[') && isValue) {
      open.push(mark);
      next = mark === '{' ? 'K' : 'V';
    } else if (mark === ':' && next === ':') next = 'v';
    else if (mark === ',' && next === ',' && open.length > 0) next = open.at(-1) === '{' ? 'k' : 'v';
    else if (mark !== undefined && open.at(-1) === OPENERS.get(mark) && closes(mark, next)) {
      open.pop();
      next = ',';
    } else return from + whole.length - (string ?? scalar ?? mark ?? '').length;
  }
}

const closes = (mark: string, next: string): boolean =>
  next === ',' || (mark === '}' && next === 'K') || (mark === ']' && next === 'V');

/** Says where the text stops being JSON, without quoting it. */
function describeMistake(text: string): string {
  const position = positionOfMistake(text);
  const before = text.slice(0, position).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  const what = position >= text.length ? 'it ends too early' : 'something is wrong';
  return `The body is not valid JSON: ${what} at line ${before.length}, column ${column} (position ${position}).`;
}
