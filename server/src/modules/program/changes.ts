import { compare, parseDecimal, type Rational } from '#platform/money.ts';
import { KINDS, PLURAL, SETTINGS } from './changes.words.ts';
import type { ProgramDocument } from './document.ts';
import { canonical } from './model.ts';

/** One difference between two documents. */
export interface Change {
  /** JSON pointer into the later document; of what is removed, into the earlier one. */
  pointer: string;
  kind: 'added' | 'removed' | 'changed';
  /** Null where there was none. */
  old: unknown;
  /** Null where there is none. */
  new: unknown;
  /** The same for people. */
  sentence: string;
}

/** Two documents are the same when all is that counts for a program that is there already. */
export function isSameDocument(one: ProgramDocument, other: ProgramDocument): boolean {
  return canonical(whatCounts(one)) === canonical(whatCounts(other));
}

/** The same of documents of a program that is still to be made: the clock that it gets counts as well. */
export const isSameFirst = (one: ProgramDocument, other: ProgramDocument): boolean =>
  canonical(withoutName(one)) === canonical(withoutName(other));

const withoutName = ({ program: _name, ...rest }: ProgramDocument): Json => rest;

/** The name only repeats the address under which a document is published, and the clock counts when the program is made. */
const whatCounts = ({ program: _name, clock: _clock, ...rest }: ProgramDocument): Json => rest;

/**
 * What is different in `after`, in the order of the document; `before` is null for a program that does not exist yet.
 * Rules, levels, campaigns and rewards are compared by their ids, wherever they stand.
 */
export function changesBetween(before: ProgramDocument | null, after: ProgramDocument): Change[] {
  if (before !== null) return [...compareObjects(PROGRAM, [], whatCounts(before), whatCounts(after))];
  return [...compareObjects(PROGRAM, [], {}, withoutName(after))];
}

/** What a setting belongs to: the program, or something in it that has a name. */
interface Owner {
  title: string;
  /** What it is, as in KINDS; '' is the program itself. */
  kind: string;
  /** Where it is in the later document. */
  place: Path;
  /** Where it was in the earlier one. */
  formerPlace: Path;
}
const PROGRAM: Owner = { title: 'the program', kind: '', place: [], formerPlace: [] };

type Path = readonly (string | number)[];
type Json = Readonly<Record<string, unknown>>;
type Item = Json & { id: string };

function* compareValues(owner: Owner, path: Path, before: unknown, after: unknown): Generator<Change> {
  if (canonical(before) === canonical(after)) return;
  const named = KINDS[kindOf(path)];
  if (isItems(before ?? []) && isItems(after ?? []) && named)
    yield* compareItems(path, (before ?? []) as Item[], (after ?? []) as Item[]);
  else if (isObject(before ?? {}) && isObject(after ?? {}))
    yield* compareObjects(owner, path, (before ?? {}) as Json, (after ?? {}) as Json);
  else yield settingChange(owner, path, before, after);
}

/** The settings of an object, or the named things of one such as `units`. */
function* compareObjects(owner: Owner, path: Path, before: Json, after: Json): Generator<Change> {
  const kind = KINDS[kindOf(path)];
  for (const name of new Set([...Object.keys(after), ...Object.keys(before)])) {
    const place = [...path, name];
    if (kind) yield* compareNamed(kind, name, { place, before: before[name] }, { place, after: after[name] });
    else yield* compareValues(owner, place, before[name], after[name]);
  }
}

function* compareItems(path: Path, before: readonly Item[], after: readonly Item[]): Generator<Change> {
  const kind = KINDS[kindOf(path)] as string;
  const ids = (items: readonly Item[]) => items.map(item => item.id);
  const placeOf = (items: readonly Item[], id: string) => [...path, items.findIndex(item => item.id === id)];
  for (const id of new Set([...ids(after), ...ids(before)])) {
    const was = { place: placeOf(before, id), before: before.find(item => item.id === id) };
    const is = { place: placeOf(after, id), after: after.find(item => item.id === id) };
    yield* compareNamed(kind, id, was, is);
  }
  const both = (items: readonly Item[], others: readonly Item[]) =>
    ids(items).filter(id => ids(others).includes(id));
  const [old, now] = [both(before, after), both(after, before)];
  if (old.join() !== now.join())
    yield {
      pointer: pointerTo(path),
      kind: 'changed',
      old,
      new: now,
      sentence: `The ${kind}s stand in another order: ${now.join(', ')}.`,
    };
}

/** Something with a name, such as a rule or a unit, that was or is there. */
function* compareNamed(
  kind: string,
  name: string,
  was: { place: Path; before: unknown },
  is: { place: Path; after: unknown },
): Generator<Change> {
  const title = `the ${kind} "${name}"`;
  const [old, now] = [was.before ?? null, is.after ?? null];
  if (old === null)
    yield {
      pointer: pointerTo(is.place),
      kind: 'added',
      old,
      new: now,
      sentence: `${capital(title)} is added.`,
    };
  else if (now === null)
    yield {
      pointer: pointerTo(was.place),
      kind: 'removed',
      old,
      new: now,
      sentence: `${capital(title)} is removed.`,
    };
  else yield* compareValues({ title, kind, place: is.place, formerPlace: was.place }, is.place, old, now);
}

function settingChange(owner: Owner, path: Path, before: unknown, after: unknown): Change {
  const steps = path.slice(owner.place.length);
  const setting = steps.join('.');
  const known = SETTINGS[`${owner.kind} ${setting}`] ?? SETTINGS[setting];
  const what = capital(phrase(owner, setting, known));
  const is = known !== undefined && PLURAL.test(known) ? 'are' : 'is';
  const change = { pointer: pointerTo(path), old: before ?? null, new: after ?? null };
  if (before === undefined)
    return { ...change, kind: 'added', sentence: `${what} ${is} set: ${text(after)}.` };
  if (after === undefined) {
    const was = is === 'are' ? 'they were' : 'it was';
    return {
      ...change,
      pointer: pointerTo([...owner.formerPlace, ...steps]),
      kind: 'removed',
      sentence: `${what} ${is} left out; ${was} ${text(before)}.`,
    };
  }
  const moved = `from ${text(before)} to ${text(after)}`;
  return { ...change, kind: 'changed', sentence: `${what} ${is} ${direction(before, after)} ${moved}.` };
}

function phrase(owner: Owner, setting: string, known: string | undefined): string {
  if (setting === '') return owner.title;
  if (owner === PROGRAM && known !== undefined) return known;
  return `${known ?? `"${setting}"`} of ${owner.title}`;
}

function direction(before: unknown, after: unknown): string {
  const [old, now] = [decimal(before), decimal(after)];
  if (old === undefined || now === undefined) return 'changed';
  const order = compare(now, old);
  if (order === 0) return 'written differently:';
  return order > 0 ? 'raised' : 'lowered';
}

const decimal = (value: unknown): Rational | undefined =>
  (typeof value === 'string' && /^\d/.test(value)) || typeof value === 'number'
    ? parseDecimal(String(value))
    : undefined;

const LONGEST_TEXT = 200;

/** A value in a sentence; the change itself has all of it. */
function text(value: unknown): string {
  const whole =
    Array.isArray(value) && value.every(each => typeof each === 'string')
      ? value.join(', ')
      : typeof value === 'string'
        ? value
        : JSON.stringify(value);
  return whole.length > LONGEST_TEXT ? `${whole.slice(0, LONGEST_TEXT)}…` : whole;
}

/** `tiers/levels` of ['tiers', 'levels']: the place of a list or an object of named things. */
const kindOf = (path: Path): string => path.join('/');

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isItems = (value: unknown): boolean =>
  Array.isArray(value) && value.every(each => typeof each === 'object' && each !== null && 'id' in each);

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

const pointerTo = (path: Path): string =>
  path.map(step => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
