/** A value of an attribute that the company keeps of a member. */
export type Attribute = string | number | boolean;

/** What is known of a member at some instant; null: not known. */
export interface Profile {
  /** ISO 3166-1, two letters. */
  readonly country: string | null;
  /** `1984-02-29` */
  readonly birthDate: string | null;
  /** IANA. */
  readonly timeZone: string | null;
  /** In the order of their names. */
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export const EMPTY_PROFILE: Profile = { country: null, birthDate: null, timeZone: null, attributes: {} };
export const MAX_ATTRIBUTES = 50;

/** What a change says: null makes something unknown; what is left out stays as it is, unless the change replaces all. */
export interface ProfileChange {
  readonly replaces: boolean;
  readonly country?: string | null;
  readonly birthDate?: string | null;
  readonly timeZone?: string | null;
  readonly attributes?: Readonly<Record<string, Attribute | null>>;
}

/** The profile after a change. */
export function changed(profile: Profile, change: ProfileChange): Profile {
  const before = change.replaces ? EMPTY_PROFILE : profile;
  const attributes = Object.entries({ ...before.attributes, ...change.attributes })
    .filter((entry): entry is [string, Attribute] => entry[1] !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    country: change.country === undefined ? before.country : change.country,
    birthDate: change.birthDate === undefined ? before.birthDate : change.birthDate,
    timeZone: change.timeZone === undefined ? before.timeZone : change.timeZone,
    attributes: Object.fromEntries(attributes),
  };
}

/** The names of what differs between two profiles, without the values. */
export function differing(before: Profile, after: Profile): string[] {
  const fields = [
    ['country', before.country === after.country],
    ['birth_date', before.birthDate === after.birthDate],
    ['time_zone', before.timeZone === after.timeZone],
  ] as const;
  const names = new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)]);
  return [
    ...fields.flatMap(([name, same]) => (same ? [] : name)),
    ...[...names]
      .filter(name => ownOf(before, name) !== ownOf(after, name))
      .sort()
      .map(name => `attributes.${name}`),
  ];
}

const ownOf = ({ attributes }: Profile, name: string): Attribute | undefined =>
  Object.hasOwn(attributes, name) ? attributes[name] : undefined;

/** A change in its place: the profile from `validFrom` on, until the next one. */
export interface ProfileRow {
  /** Epoch ms. */
  readonly validFrom: number;
  /** Counts the changes of one instant, from 1. */
  readonly nr: number;
  /** Counts how often the row was written, from 1: again when a change came that stands before it. */
  readonly rev: number;
  readonly change: ProfileChange;
  readonly profile: Profile;
}

/**
 * The rows that a change at `at` adds to a history (in the order of time; what stands before its first row is unknown):
 * its own, and again each row behind it. None where the change changes nothing at its instant.
 */
export function insert(history: readonly ProfileRow[], change: ProfileChange, at: number): ProfileRow[] {
  const place = history.findLastIndex(row => row.validFrom <= at);
  const previous = history[place];
  const before = previous?.profile ?? EMPTY_PROFILE;
  const after = changed(before, change);
  if (differing(before, after).length === 0) return [];
  const nr = previous?.validFrom === at ? previous.nr + 1 : 1;
  const added: ProfileRow[] = [{ validFrom: at, nr, rev: 1, change, profile: after }];
  for (const row of history.slice(place + 1)) {
    const { profile } = added.at(-1) as ProfileRow;
    added.push({ ...row, rev: row.rev + 1, profile: changed(profile, row.change) });
  }
  return added;
}

/** The history with rows of `insert`. */
export function extended(history: readonly ProfileRow[], added: readonly ProfileRow[]): ProfileRow[] {
  const [first] = added;
  return first === undefined
    ? [...history]
    : [...history.filter(row => row.validFrom <= first.validFrom), ...added];
}
