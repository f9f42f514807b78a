import type { Tx } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Around, Command, CommandType } from '../ledger/index.ts';
import type { MemberType } from './model.ts';
import * as store from './profile.store.ts';
import {
  differing,
  EMPTY_PROFILE,
  extended,
  insert,
  MAX_ATTRIBUTES,
  type Profile,
  type ProfileChange,
  type ProfileRow,
} from './profile.ts';

/** Sets the profile of a member, or a part of it, from an instant on; null: from now on. */
export interface ProfileBody {
  readonly change: ProfileChange;
  /** Epoch ms. */
  readonly at: number | null;
}

/** Enrols a member, who then has this profile. */
export interface EnrolBody {
  readonly profile: ProfileChange | null;
}

/** What a batch knows of the members whom it changes. */
interface MembersFacts {
  /** Around the instants of the batch's changes. */
  readonly histories: Map<number, readonly ProfileRow[]>;
  /** When members were enrolled, this batch's newcomers too. */
  readonly enrolments: Map<number, store.Enrolment>;
}

/** A profile that was changed, or a member who was enrolled. */
interface Changed {
  readonly id: bigint;
  readonly memberId: number;
  readonly enrolledAt: number | null;
  readonly type: MemberType;
  readonly validFrom: number;
  readonly names: readonly string[];
  readonly added: readonly ProfileRow[];
  /** The latest. */
  readonly profile: Profile;
}

export interface ProfileAnswer {
  memberId: number;
  externalId: string;
  validFrom: number;
  changed: readonly string[];
  profile: Profile;
}

export interface EnrolAnswer {
  memberId: number;
  externalId: string;
  type: MemberType;
  enrolledAt: number;
  profile: Profile;
}

async function load(
  tx: Tx,
  commands: readonly Command<ProfileBody | EnrolBody>[],
  _known: readonly bigint[],
  { holders, programs }: Around,
): Promise<MembersFacts> {
  const asked: { memberId: number; at: number }[] = [];
  const enrolled: { programId: number; holderId: number }[] = [];
  for (const [index, { body, programId }] of commands.entries()) {
    const holder = holders[index];
    if (holder === undefined) continue;
    const now = programs[index]?.now as number;
    const at = 'at' in body ? (body.at ?? now) : now;
    asked.push({ memberId: holder.id, at });
    if ('profile' in body) enrolled.push({ programId, holderId: holder.id });
  }
  const [histories, enrolments] = await Promise.all([
    store.histories(tx, asked),
    store.enrolments(tx, enrolled),
  ]);
  return { histories, enrolments };
}

const latest = (history: readonly ProfileRow[]): Profile => history.at(-1)?.profile ?? EMPTY_PROFILE;

/** The rows that a change adds, or why it cannot be made. */
function place(history: readonly ProfileRow[], change: ProfileChange, at: number): Outcome<ProfileRow[]> {
  if (history.filter(row => row.validFrom > at).length > store.MAX_LATER)
    return refuse(
      'profile_change_too_late',
      `More than ${store.MAX_LATER} changes of this profile are known that are later than this one.`,
    );
  const added = insert(history, change, at);
  const largest = Math.max(0, ...added.map(row => Object.keys(row.profile.attributes).length));
  if (largest > MAX_ATTRIBUTES)
    return refuse(
      'too_many_attributes',
      `A profile has at most ${MAX_ATTRIBUTES} attributes; this would make ${largest}.`,
    );
  return accept(added);
}

function evolve(facts: MembersFacts, { memberId, enrolledAt, added }: Changed): void {
  if (enrolledAt !== null) facts.enrolments.set(memberId, { at: enrolledAt, type: 'person' });
  facts.histories.set(memberId, extended(facts.histories.get(memberId) ?? [], added));
}

const write = (tx: Tx, decisions: readonly { stored: Changed }[]): Promise<void> =>
  store.insertRows(
    tx,
    decisions.flatMap(({ stored: { id, memberId, added } }) =>
      added.map(row => ({ ...row, memberId, knownBy: id })),
    ),
  );

const factOf = (names: readonly string[], at: number) =>
  names.length === 0 ? null : { type: 'member.profile_changed', occurredAt: at, data: { changed: names } };

/** `profile`: a change of a member's profile. The same again changes nothing, so it needs no key. */
export const profileType: CommandType<ProfileBody, MembersFacts, Changed, ProfileAnswer> = {
  name: 'profile',
  amends: false,
  enrols: () => false,
  needsLots: () => false,
  admit({ body: { at } }, program) {
    if (at === null || at <= program.now) return undefined;
    return refuse(
      'profile_change_in_future',
      `The program's clock stands at ${new Date(program.now).toISOString()}. What holds from later on is sent then.`,
    ).refusal;
  },
  load,
  decide({ body }, facts, { program, holder, id }) {
    const at = body.at ?? program.now;
    const history = facts.histories.get(holder.id) ?? [];
    const placed = place(history, body.change, at);
    if (!placed.ok) return placed;
    const added = placed.value;
    const before = history.findLast(row => row.validFrom <= at)?.profile ?? EMPTY_PROFILE;
    const names = added.length === 0 ? [] : differing(before, (added[0] as ProfileRow).profile);
    const profile = latest(extended(history, added));
    const who = { id, memberId: holder.id, enrolledAt: null, type: 'person' as const };
    const record = { ...who, validFrom: at, names, added, profile };
    if (added.length === 0) return accept({ repeats: record, entries: [] });
    return accept({ record, drafts: [], fact: factOf(names, at) });
  },
  evolve,
  store: write,
  find: () => Promise.resolve(new Map()),
  differences: () => [],
  answer: ({ memberId, validFrom, names, profile }, _entries, holder) => ({
    memberId,
    externalId: holder.externalId,
    validFrom,
    changed: names,
    profile,
  }),
};

/** `enrol`: makes a member. One who is there already is answered as he is. */
export const enrolType: CommandType<EnrolBody, MembersFacts, Changed, EnrolAnswer> = {
  name: 'enrol',
  amends: false,
  enrols: () => true,
  needsLots: () => false,
  admit: () => undefined,
  load,
  decide({ body }, facts, { program, holder, id }) {
    const known = facts.enrolments.get(holder.id);
    const history = facts.histories.get(holder.id) ?? [];
    const { at, type } = known ?? { at: program.now, type: 'person' as const };
    const common = { id, memberId: holder.id, enrolledAt: at, type, validFrom: at };
    if (known !== undefined)
      return accept({ repeats: { ...common, names: [], added: [], profile: latest(history) }, entries: [] });
    const placed = place(history, body.profile ?? { replaces: false }, at);
    if (!placed.ok) return placed;
    const profile = latest(extended(history, placed.value));
    const names = differing(EMPTY_PROFILE, profile);
    return accept({
      record: { ...common, names, added: placed.value, profile },
      drafts: [],
      fact: factOf(names, at),
    });
  },
  evolve,
  store: write,
  find: () => Promise.resolve(new Map()),
  differences: () => [],
  answer: ({ memberId, enrolledAt, type, profile }, _entries, { externalId }) => ({
    memberId,
    externalId,
    type,
    enrolledAt: enrolledAt as number,
    profile,
  }),
};
