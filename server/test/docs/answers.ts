/** Compares what a document shows with what a command answered. */
export interface Comparison {
  /** Ids of the document and those that stand for them in this run; filled as they are met. */
  ids: Ids;
  /** Numbers and instants must be those of the document; else only their kind counts. */
  exact: boolean;
}

const ID = /\b[a-z]{3}_[0-9a-z]{13,}\b/g;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
const INTEGER = /^-?\d+$/;
const NUMBER = /\d[\d,.:-]*/g;
/** Differ from run to run whatever the program's clock says. */
const VOLATILE = new Set(['recorded_at', 'created_at', 'instance', 'secret', 'next']);
const VOLATILE_LINE = /^((?:recorded|created) at:).*/;
/** Made at random. */
const SECRET = /\bfk_[\w-]{43}/g;

/** Which id of this run stands for which id of the document. An id keeps its partner, both ways. */
export class Ids {
  private readonly here = new Map<string, string>();
  private readonly shown = new Map<string, string>();

  /** Notes a pair; false where one of the two has another partner. */
  pair(shown: string, here: string): boolean {
    if (!this.here.has(shown) && !this.shown.has(here)) {
      this.here.set(shown, here);
      this.shown.set(here, shown);
    }
    return this.here.get(shown) === here;
  }

  /** A command of the document with the ids of this run. */
  toHere(text: string): string {
    return replaceAll(text, this.here);
  }

  /** An answer of this run with the ids of the document. */
  toShown(text: string): string {
    return replaceAll(text, this.shown);
  }
}

function replaceAll(text: string, pairs: ReadonlyMap<string, string>): string {
  let replaced = text;
  for (const [from, to] of pairs) replaced = replaced.replaceAll(from, to);
  return replaced;
}

/** Pairs the ids of two texts; false where the texts differ in anything else, or an id in its partner. */
function pairIds(shown: string, here: string, ids: Ids): boolean {
  if (shown.replace(ID, kindOf) !== here.replace(ID, kindOf)) return false;
  const found = here.match(ID) ?? [];
  return (shown.match(ID) ?? []).every((id, index) => ids.pair(id, found[index] as string));
}

const kindOf = (id: string): string => id.slice(0, 4);

/** Where the answer differs from the JSON that is shown, by pointer. */
export function compareJson(shown: unknown, here: unknown, how: Comparison, at = ''): string[] {
  if (Array.isArray(shown) && Array.isArray(here)) return compareLists(shown, here, how, at);
  if (isObject(shown) && isObject(here)) {
    const names = [...new Set([...Object.keys(shown), ...Object.keys(here)])];
    return names.flatMap(name => {
      if (!(name in here)) return [`${at}/${name} is shown and not there`];
      if (!(name in shown)) return [`${at}/${name} is there and not shown`];
      return compareJson(shown[name], here[name], how, `${at}/${name}`);
    });
  }
  return isAlike(shown, here, how, at.slice(at.lastIndexOf('/') + 1))
    ? []
    : [`${at || 'the answer'} is ${JSON.stringify(here)}, shown is ${JSON.stringify(shown)}`];
}

function compareLists(shown: unknown[], here: unknown[], how: Comparison, at: string): string[] {
  const wanted = how.exact ? shown.length === here.length : shown.length > 0 === here.length > 0;
  if (!wanted) return [`${at} has ${here.length} elements, shown are ${shown.length}`];
  return here.flatMap((value, index) => {
    const candidates = how.exact
      ? [shown[index]]
      : [shown[index], ...shown].filter(each => each !== undefined);
    const results = candidates.map(each => compareJson(each, value, how, `${at}/${index}`));
    return results.find(result => result.length === 0) ?? results[0] ?? [];
  });
}

function isAlike(shown: unknown, here: unknown, { exact, ids }: Comparison, name: string): boolean {
  if (typeof shown !== typeof here || (shown === null) !== (here === null)) return false;
  if (typeof shown !== 'string' || typeof here !== 'string')
    return exact || typeof shown !== 'number' ? shown === here : true;
  if (VOLATILE.has(name)) {
    if (name === 'next') ids.pair(shown, here);
    return true;
  }
  if (!exact) for (const kind of [INSTANT, INTEGER]) if (kind.test(shown)) return kind.test(here);
  return pairIds(shown, here, ids);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Lines that are left out of what is shown. */
const LEFT_OUT = '...';

/** Which lines of the text that is shown the answer lacks. A line `...` stands for lines that are left out. */
export function compareText(shown: string, here: string, how: Comparison): string[] {
  const lines = linesOf(here);
  const wanted = linesOf(shown);
  let from = 0;
  const missing = wanted.filter(line => {
    if (line === LEFT_OUT) return false;
    const index = lines.findIndex((candidate, place) => place >= from && isSameLine(line, candidate, how));
    if (index >= 0) from = index + 1;
    return index < 0;
  });
  if (missing.length > 0) return missing.map(line => `there is no line: ${line}`);
  const isWhole = !wanted.includes(LEFT_OUT);
  return isWhole && wanted.length !== lines.length
    ? [`there are ${lines.length} lines, shown are ${wanted.length}`]
    : [];
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map(line => line.replaceAll(/\s+/g, ' ').trim())
    .filter(line => line !== '');

function isSameLine(shown: string, here: string, { exact, ids }: Comparison): boolean {
  if (exact) return pairIds(shown.replace(VOLATILE_LINE, '$1'), here.replace(VOLATILE_LINE, '$1'), ids);
  const plain = (line: string) =>
    line.replaceAll(SECRET, 'fk_').replaceAll(ID, kindOf).replaceAll(NUMBER, '0');
  if (plain(shown) !== plain(here)) return false;
  const found = here.match(ID) ?? [];
  return (shown.match(ID) ?? []).every((id, index) => ids.pair(id, found[index] as string));
}

/** JSON as documents show it: what fits on a line stands on one. */
export function formatJson(value: unknown, indent = '', room = 100): string {
  const flat = oneLine(value);
  if (indent.length + flat.length <= room || typeof value !== 'object' || value === null) return flat;
  const deeper = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map(each => formatJson(each, deeper, room))
    : Object.entries(value).map(
        ([name, each]) => `${JSON.stringify(name)}: ${formatJson(each, deeper, room)}`,
      );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${parts.map(part => `${deeper}${part}`).join(',\n')}\n${indent}${close}`;
}

function oneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  const parts = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${oneLine(each)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}
