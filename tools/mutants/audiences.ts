// Mistakes in what is known of members and in who a campaign is for.
const MEMBERS = 'src/modules/members';
const EARNING = 'src/modules/earning';
const AUDIENCES = ['test/journeys/audiences.test.ts'];
const PROFILE = { file: `${MEMBERS}/profile.ts`, tests: [`${MEMBERS}/profile.test.ts`] };
const PROFILES = [`${MEMBERS}/profiles.test.ts`];
const LISTS = [`${MEMBERS}/lists.test.ts`];

export const AUDIENCE_MUTANTS = [
  {
    ...PROFILE,
    name: 'a profile that was dated back is put behind what is later',
    find: 'const place = history.findLastIndex(row => row.validFrom <= at);',
    replace: 'const place = history.length - 1;',
  },
  {
    ...PROFILE,
    name: 'later profiles do not follow from one that was dated back',
    find: 'profile: changed(profile, row.change) });',
    replace: 'profile: row.profile ?? profile });',
  },
  {
    ...PROFILE,
    name: 'a whole profile keeps what it leaves out',
    find: 'const before = change.replaces ? EMPTY_PROFILE : profile;',
    replace: 'const before = profile;',
  },
  {
    name: 'a profile as of an instant is the latest',
    file: `${MEMBERS}/facts.store.ts`,
    tests: PROFILES,
    find: 'c.valid_from <= q.at and c.known_by < q.decision',
    replace: 'c.known_by < q.decision',
  },
  {
    name: 'a replay sees changes of a profile that came after the decision',
    file: `${MEMBERS}/facts.store.ts`,
    tests: AUDIENCES,
    find: 'c.valid_from <= q.at and c.known_by < q.decision',
    replace: 'c.valid_from <= q.at and q.decision > 0',
  },
  {
    name: 'a replay does not see who was removed from a list after the decision',
    file: `${MEMBERS}/facts.store.ts`,
    tests: AUDIENCES,
    find: 'm.left_at > q.at or m.left_by >= q.decision)',
    replace: 'm.left_at > q.at)',
  },
  {
    name: 'a list of another program is found by its name',
    file: `${MEMBERS}/list.store.ts`,
    tests: LISTS,
    find: 'from members.lists l where l.program_id = $1 and l.name = $2`',
    replace: 'from members.lists l where l.program_id > 0 and l.program_id >= $1 - 1 and l.name = $2`',
  },
  {
    name: 'a list is replaced piece by piece while it is sent',
    file: `${MEMBERS}/uploads.ts`,
    tests: LISTS,
    find: 'const at = upload.finishedAt as number;',
    replace: 'const at = null as unknown as number;',
  },
  {
    name: 'an upload removes whom an earlier part of it left in',
    file: `${MEMBERS}/upload.store.ts`,
    tests: LISTS,
    find: 'where s.upload_id = $2 and s.member_id = p.member_id',
    replace: 'where s.upload_id > $2 and s.member_id = p.member_id',
  },
  {
    name: 'a list counts whom it has already',
    file: `${MEMBERS}/lists.ts`,
    tests: LISTS,
    find: 'const isSo = joins ? open !== undefined :',
    replace: 'const isSo = joins ? false :',
  },
  {
    name: 'what later rows of a batch know of lists is old',
    file: `${MEMBERS}/lists.ts`,
    tests: LISTS,
    find: 'if (joins) facts.open.set(key, { joinedBy: id, joinedAt: at });',
    replace: 'if (joins) void id;',
  },
  {
    name: 'a country that is not known is any',
    file: `${EARNING}/campaigns/conditions.ts`,
    tests: AUDIENCES,
    find: "countries?.has(member.profile.country ?? '') ?? true",
    replace: "countries?.has(member.profile.country ?? 'NL') ?? true",
  },
  {
    name: 'all segments of an audience must hold',
    file: `${EARNING}/campaigns/conditions.ts`,
    tests: AUDIENCES,
    find: 'segments?.some(isIn) ?? true',
    replace: 'segments?.every(isIn) ?? true',
  },
  {
    name: 'an order that is revised counts as bought before itself',
    file: `${EARNING}/orders/purchases.ts`,
    tests: AUDIENCES,
    find: 'orderId === but ? [] : anchor',
    replace: 'orderId === -1n ? [] : anchor',
  },
  {
    name: 'what comes back later is not part of what was bought before',
    file: `${EARNING}/tiers/timeline.ts`,
    tests: AUDIENCES,
    find: 'row.memberId === memberId && row.happenedAt > at',
    replace: 'row.memberId === memberId && row.happenedAt < at',
  },
  {
    name: 'the orders of one call do not see each other as bought before',
    file: `${EARNING}/orders/purchases.ts`,
    tests: AUDIENCES,
    find: 'anchor <= at && change.orders > 0n',
    replace: 'anchor < 0 && change.orders > 0n',
  },
  {
    name: 'a segment may read the order',
    file: 'src/modules/program/mistakes-segments.ts',
    tests: ['src/modules/program/mistakes-segments.test.ts'],
    find: "new Set(['member', 'history', 'tier'])",
    replace: "new Set(['member', 'history', 'tier', 'order'])",
  },
];
