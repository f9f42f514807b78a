import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { MemberType } from './model.ts';
import type { Attribute, Profile, ProfileChange, ProfileRow } from './profile.ts';

/** A profile as it is stored: what is not known is left out. */
export interface ProfileJson {
  country?: string;
  birth_date?: string;
  time_zone?: string;
  attributes?: Record<string, Attribute>;
}

export const profileOf = (json: ProfileJson): Profile => ({
  country: json.country ?? null,
  birthDate: json.birth_date ?? null,
  timeZone: json.time_zone ?? null,
  attributes: json.attributes ?? {},
});

const profileToJson = ({ country, birthDate, timeZone, attributes }: Profile): string =>
  JSON.stringify({
    country: country ?? undefined,
    birth_date: birthDate ?? undefined,
    time_zone: timeZone ?? undefined,
    attributes: Object.keys(attributes).length === 0 ? undefined : attributes,
  });

/** A change as it is stored; unlike in a profile null has a meaning. */
interface ChangeJson {
  replaces?: true;
  country?: string | null;
  birth_date?: string | null;
  time_zone?: string | null;
  attributes?: Record<string, Attribute | null>;
}

const changeOf = (json: ChangeJson): ProfileChange => ({
  replaces: json.replaces ?? false,
  country: json.country,
  birthDate: json.birth_date,
  timeZone: json.time_zone,
  attributes: json.attributes,
});

const changeToJson = ({ replaces, country, birthDate, timeZone, attributes }: ProfileChange): string =>
  JSON.stringify({
    replaces: replaces || undefined,
    country,
    birth_date: birthDate,
    time_zone: timeZone,
    attributes,
  });

/** So many changes may stand behind one that comes late, because each of them is written again. */
export const MAX_LATER = 100;

const HISTORIES = statement(
  'members_profile_histories',
  `select q.member_id, p.valid_from, p.nr, p.rev, p.change, p.profile
     from ${unnested(1, 'member_id bigint, at timestamptz')} as q
     join lateral (
       (select c.valid_from, c.nr, c.rev, c.change, c.profile from members.profiles c
         where c.member_id = q.member_id and c.valid_from <= q.at
         order by c.valid_from desc, c.nr desc, c.rev desc limit 1)
       union all
       (select distinct on (c.valid_from, c.nr) c.valid_from, c.nr, c.rev, c.change, c.profile from members.profiles c
         where c.member_id = q.member_id and c.valid_from > q.at
         order by c.valid_from, c.nr, c.rev desc limit $3)
     ) p on true
    order by q.member_id, p.valid_from, p.nr`,
);
const INSERT = statement(
  'members_insert_profiles',
  `insert into members.profiles (member_id, valid_from, nr, rev, known_by, change, profile)
   select u.member_id, u.valid_from, u.nr, u.rev, u.known_by, u.change::json, u.profile::json
     from ${unnested(
       1,
       `
       member_id bigint, valid_from timestamptz, nr integer, rev integer, known_by bigint, change text,
       profile text`,
     )} as u`,
);
const ENROLMENTS = statement(
  'members_enrolments',
  `select m.id, m.enrolled_at, m.type from ${unnested(1, 'program_id integer, id bigint')} as q
     join members.members m on m.program_id = q.program_id and m.id = q.id`,
);

/**
 * The history of each member around instants (epoch ms): for each the row that holds then and those behind it, at most
 * MAX_LATER + 1 of them; in the order of time, by member.
 */
export async function histories(
  tx: Tx,
  asked: readonly { memberId: number; at: number }[],
): Promise<Map<number, ProfileRow[]>> {
  if (asked.length === 0) return new Map();
  const rows = await tx.run<[bigint, number, number, number, ChangeJson, ProfileJson]>(HISTORIES, [
    numbers(asked.map(question => question.memberId)),
    instants(asked.map(question => question.at)),
    MAX_LATER + 1,
  ]);
  const found = new Map<number, ProfileRow[]>();
  for (const [member, validFrom, nr, rev, change, profile] of rows) {
    const own = found.get(Number(member)) ?? [];
    found.set(Number(member), own);
    const last = own.at(-1);
    // What two instants of one member have in common comes twice.
    if (last?.validFrom === validFrom && last.nr === nr) continue;
    own.push({ validFrom, nr, rev, change: changeOf(change), profile: profileOf(profile) });
  }
  return found;
}

/** Adds rows of locked members; `knownBy` is the id of the change that made them. */
export async function insertRows(
  tx: Tx,
  rows: readonly (ProfileRow & { memberId: number; knownBy: bigint })[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.run(INSERT, [
    numbers(rows.map(row => row.memberId)),
    instants(rows.map(row => row.validFrom)),
    numbers(rows.map(row => row.nr)),
    numbers(rows.map(row => row.rev)),
    numbers(rows.map(row => row.knownBy)),
    texts(rows.map(row => changeToJson(row.change))),
    texts(rows.map(row => profileToJson(row.profile))),
  ]);
}

/** When a member was enrolled, epoch ms, and as what. */
export interface Enrolment {
  readonly at: number;
  readonly type: MemberType;
}

/** The enrolments of members, by their numbers. */
export async function enrolments(
  tx: Tx,
  members: readonly { programId: number; holderId: number }[],
): Promise<Map<number, Enrolment>> {
  if (members.length === 0) return new Map();
  const rows = await tx.run<[bigint, number, MemberType]>(ENROLMENTS, [
    numbers(members.map(member => member.programId)),
    numbers(members.map(member => member.holderId)),
  ]);
  return new Map(rows.map(([id, at, type]) => [Number(id), { at, type }]));
}
