import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import pg from 'pg';
import { Pool } from '#platform/db/client.ts';
import { testDatabase } from '../../../test/support/database.ts';
import { createProgram, type ProgramDocument, versionAt } from './index.ts';

const database = await testDatabase();
const NOW = Date.parse('2026-06-01T00:00:00.000Z');
const wall = { now: () => NOW + ticks };
let ticks = 0;

// Two engines on one database: whatever one of them does, the other must see.
const pools = [new Pool(database.appUrl, 'one', 4), new Pool(database.appUrl, 'two', 4)] as const;
const [one, two] = pools.map(pool => createProgram({ pool, clock: wall })) as [
  ReturnType<typeof createProgram>,
  ReturnType<typeof createProgram>,
];
const app = new pg.Client({ connectionString: database.appUrl });
await app.connect();
after(async () => {
  await app.end();
  await Promise.all(pools.map(pool => pool.close()));
  await database.close();
});

const rule = (points: string) => [
  { id: 'base', on: 'order' as const, earn: { unit: 'points', per_currency_unit: points } },
];
const document = (more: Partial<ProgramDocument> = {}): ProgramDocument => ({
  currency: 'USD',
  units: { points: {} },
  earning: rule('1'),
  ...more,
});

type Options = Parameters<typeof one.publish>[2];
async function publish(name: string, more: Partial<ProgramDocument> = {}, options?: Options, by = one) {
  const published = await by.publish(name, document(more), options);
  assert.ok(published.ok, JSON.stringify(published));
  return { ...published.value.view, created: published.value.created };
}

async function refusal(outcome: Promise<{ ok: boolean }>): Promise<{ code: string; detail: string }> {
  const result = (await outcome) as { ok: boolean; refusal?: { code: string; detail: string } };
  assert.ok(result.refusal, JSON.stringify(result));
  return result.refusal;
}

async function load(name: string, by = one) {
  const program = await by.registry.byName(pools[0], name);
  assert.ok(program);
  return program;
}

test('the first document makes the program, each next one a version, the same one nothing', async () => {
  const first = await publish('first', { program: 'first' });
  assert.deepEqual(
    [first.version, first.created, first.effectiveFrom, first.publishedAt],
    [1, true, null, NOW],
  );
  assert.deepEqual(first.clock, { kind: 'wall', now: NOW });
  const again = await publish('first', { program: 'first' });
  assert.deepEqual([again.version, again.created], [1, false]);
  const second = await publish('first', { earning: rule('2') });
  assert.deepEqual([second.version, second.created, second.effectiveFrom], [2, true, NOW]);
  const back = await publish('first', { program: 'first' });
  assert.deepEqual([back.version, back.created], [3, true]);
});

test('the same document is known whatever the order of its properties, and is shown as it was first written', async () => {
  await publish('order', { units: { points: {}, b: {} } });
  const turned = await one.publish('order', {
    units: { b: {}, points: {} },
    earning: rule('1'),
    currency: 'USD',
  });
  assert.ok(turned.ok);
  assert.equal(turned.value.created, false);
  const shown = await one.show('order');
  assert.ok(shown.ok);
  assert.equal(
    JSON.stringify(shown.value.document),
    JSON.stringify(document({ units: { points: {}, b: {} } })),
  );
});

test('a version takes effect when it is said, not before its publication', async () => {
  await publish('dated');
  const later = NOW + 86_400_000;
  assert.equal(
    (await publish('dated', { earning: rule('2') }, { effectiveFrom: later })).effectiveFrom,
    later,
  );
  const known = await publish('dated', { earning: rule('2') }, { effectiveFrom: later });
  assert.equal(known.created, false);
  // The same document from another instant on is another version.
  const sooner = await publish('dated', { earning: rule('2') }, { effectiveFrom: NOW });
  assert.deepEqual([sooner.created, sooner.version, sooner.effectiveFrom], [true, 3, NOW]);
  const past = await refusal(
    one.publish('dated', document({ earning: rule('9') }), { effectiveFrom: NOW - 1 }),
  );
  assert.equal(past.code, 'program_effective_from_invalid');
  const first = await refusal(one.publish('new-dated', document(), { effectiveFrom: later }));
  assert.equal(first.code, 'program_effective_from_invalid');
  const program = await load('dated');
  assert.deepEqual(
    [NOW - 1, NOW, later].map(at => versionAt(program, at).version),
    [1, 3, 3],
  );
});

test('who starts from an old version is told, and a publication that is sent again is not', async () => {
  assert.equal((await publish('based', {}, { baseVersion: 0 })).version, 1);
  assert.equal((await publish('based', { earning: rule('2') }, { baseVersion: 1 })).version, 2);
  assert.equal((await publish('based', { earning: rule('2') }, { baseVersion: 1 })).created, false);
  const lost = await refusal(one.publish('based', document({ earning: rule('3') }), { baseVersion: 1 }));
  assert.equal(lost.code, 'program_version_conflict');
  assert.match(lost.detail, /version 1 of based, but the latest is 2/);
  const none = await refusal(one.publish('not-there', document(), { baseVersion: 3 }));
  assert.equal(none.code, 'program_version_conflict');
});

test('people who publish at once get a version each, in both engines, and the program is made once', async () => {
  const results = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      publish('busy', { earning: rule(String(index + 1)) }, {}, index % 2 ? one : two),
    ),
  );
  const versions = results.map(result => result.version).sort((a, b) => a - b);
  assert.deepEqual(
    versions,
    Array.from({ length: 12 }, (_, index) => index + 1),
  );
  assert.equal((await load('busy')).versions.length, 12);
});

test('of people who publish at once from one base exactly one succeeds', async () => {
  await publish('contested');
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      (index % 2 ? one : two).publish('contested', document({ earning: rule(`${index + 5}`) }), {
        baseVersion: 1,
      }),
    ),
  );
  assert.equal(outcomes.filter(outcome => outcome.ok).length, 1);
  for (const outcome of outcomes)
    assert.ok(outcome.ok || outcome.refusal.code === 'program_version_conflict');
});

test('units keep their numbers whatever the order of later documents, and cannot be removed', async () => {
  const numbers = async (by = one) =>
    [...((await load('units', by)).versions.at(-1)?.units.values() ?? [])].map(unit => [
      unit.name,
      unit.number,
    ]);
  await publish('units', { units: { points: {}, b: {} } });
  assert.deepEqual(await numbers(), [
    ['points', 0],
    ['b', 1],
  ]);
  await publish('units', { units: { a: {}, b: {}, points: {} } });
  const expected = [
    ['points', 0],
    ['b', 1],
    ['a', 2],
  ];
  assert.deepEqual(await numbers(), expected);
  assert.deepEqual(await numbers(two), expected);
  const removed = await refusal(one.publish('units', document({ units: { points: {}, a: {} } })));
  assert.equal(removed.code, 'program_invalid');
  assert.deepEqual(await numbers(), expected);
});

test('a publication counts at once in the other engine, which reads only what is new', async () => {
  await publish('seen');
  const before = await load('seen', two);
  assert.equal(await load('seen', two), before, 'nothing changed, so nothing is read again');
  await publish('seen', { earning: rule('2') });
  const behind = await load('seen', two);
  assert.equal(behind.versions.length, 2);
  assert.equal(behind.versions[0], before.versions[0], 'what was compiled is kept');
  const ids = [before.id, (await load('first', two)).id, 2_000_000];
  const loaded = await two.registry.load(pools[1], ids);
  assert.deepEqual([...loaded.keys()].sort(), ids.slice(0, 2).sort());
  assert.equal(loaded.get(before.id), behind);
});

test('an older snapshot sees the program as it was then, whatever is kept in memory', async () => {
  await publish('old');
  await pools[1].snapshot(async tx => {
    assert.equal((await two.registry.byName(tx, 'old'))?.versions.length, 1);
    await publish('old', { earning: rule('2') });
    const now = await two.registry.byName(pools[1], 'old');
    assert.equal(now?.versions.length, 2);
    const then = await two.registry.byName(tx, 'old');
    assert.deepEqual([then?.versions.length, then?.revision], [1, 1]);
    assert.equal(await two.registry.byName(pools[1], 'old'), now, 'the newest is kept');
  });
  assert.equal((await load('old', two)).versions.length, 2);
});

test('a name that was met is answered at once, an unknown one is asked for each time', async () => {
  assert.equal(await two.registry.ref(pools[1], 'named'), undefined);
  await publish('named');
  const met = await two.registry.ref(pools[1], 'named');
  assert.deepEqual(met, { id: (await load('named')).id, name: 'named' });
  assert.equal(two.registry.ref(pools[1], 'named'), met);
});

test('a dry run says what would happen and writes nothing', async () => {
  const made = await publish('dry', {}, { dryRun: true });
  assert.deepEqual([made.version, made.created], [1, true]);
  assert.equal((await refusal(one.show('dry'))).code, 'program_not_found');
  await publish('dry');
  const next = await publish('dry', { units: { points: {}, more: {} } }, { dryRun: true });
  assert.deepEqual([next.version, next.created], [2, true]);
  assert.equal((await publish('dry', {}, { dryRun: true })).created, false);
  const wrong = await refusal(one.publish('dry', { ...document(), color: 1 }, { dryRun: true }));
  assert.equal(wrong.code, 'program_invalid');
  assert.equal((await load('dry')).versions.length, 1);
});

test('a refused document leaves nothing behind', async () => {
  assert.equal((await refusal(one.publish('refused', { currency: 'USD' }))).code, 'program_invalid');
  assert.equal((await refusal(one.show('refused'))).code, 'program_not_found');
});

test('a test clock goes forward only, in both engines, and versions are dated by it', async () => {
  const start = Date.parse('1998-01-01T00:00:00Z');
  const clock = { test: '1998-01-01T00:00:00Z' };
  const made = await publish('clocked', { clock });
  assert.deepEqual([made.clock, made.publishedAt], [{ kind: 'test', now: start }, start]);
  const before = await load('clocked', two);
  const set = await one.advanceClock('clocked', start + 1_000);
  assert.ok(set.ok);
  assert.deepEqual(set.value.clock, { kind: 'test', now: start + 1_000 });
  const behind = await load('clocked', two);
  assert.deepEqual(behind.clock, { kind: 'test', now: start + 1_000 });
  assert.ok(behind.revision > before.revision);
  assert.equal((await refusal(two.advanceClock('clocked', start + 999))).code, 'clock_backwards');
  assert.ok((await two.advanceClock('clocked', start + 1_000)).ok, 'to where it stands is fine');
  const dry = await two.advanceClock('clocked', start + 9_000, true);
  assert.ok(dry.ok && dry.value.clock.now === start + 9_000);
  assert.equal((await publish('clocked', { clock, earning: rule('2') })).effectiveFrom, start + 1_000);
  const past = await refusal(
    one.publish('clocked', document({ clock, earning: rule('3') }), { effectiveFrom: start }),
  );
  assert.equal(past.code, 'program_effective_from_invalid');
});

test('the real time cannot be set, nor the clock of a program that is not there', async () => {
  await publish('real');
  assert.equal((await refusal(one.advanceClock('real', NOW + 1))).code, 'clock_not_settable');
  assert.equal((await refusal(one.advanceClock('nowhere', NOW + 1))).code, 'program_not_found');
  const changed = await refusal(one.publish('real', document({ clock: { test: '2026-01-01T00:00:00Z' } })));
  assert.equal(changed.code, 'program_invalid');
});

test('publications of a program never go back in time, even if an engine clock does', async () => {
  ticks = 5_000;
  await publish('steady');
  ticks = 0;
  const next = await publish('steady', { earning: rule('2') });
  assert.deepEqual([next.publishedAt, next.effectiveFrom], [NOW + 5_000, NOW + 5_000]);
});

test('any version can be shown, the latest without number, and programs are listed by pages', async () => {
  await publish('shown');
  await publish('shown', { earning: rule('2') });
  const views = await Promise.all([one.show('shown', 1), one.show('shown', 2), one.show('shown')]);
  assert.deepEqual(
    views.map(view => view.ok && view.value.version),
    [1, 2, 2],
  );
  assert.equal((await refusal(one.show('shown', 3))).code, 'program_version_not_found');
  assert.equal((await refusal(one.show('nowhere'))).code, 'program_not_found');
  const names: string[] = [];
  for (let after = 0; ; ) {
    const rows = await one.list(after, null, 3);
    names.push(...rows.map(row => row.name));
    if (rows.length < 3) break;
    after = rows.at(-1)?.id ?? 0;
  }
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes('shown') && names.includes('first'));
  assert.deepEqual(
    (await one.list(0, 'shown', 10)).map(row => [row.name, row.version]),
    [['shown', 2]],
  );
});

test('the application cannot change or remove what was published', async () => {
  const denied = { code: '42501' };
  for (const table of ['versions', 'units']) {
    await assert.rejects(app.query(`update program.${table} set program_id = 0`), denied);
    await assert.rejects(app.query(`delete from program.${table}`), denied);
    await assert.rejects(app.query(`truncate program.${table}`), denied);
    await assert.rejects(app.query(`drop table program.${table}`), denied);
  }
  await assert.rejects(app.query("update program.versions set document = '{}'"), denied);
  await assert.rejects(app.query('delete from program.programs'), denied);
  await assert.rejects(app.query("update program.programs set name = 'x'"), denied);
});

test('a budget cannot become smaller than what was given from it', async () => {
  const changes: object[] = [];
  const given = createProgram({
    pool: pools[0],
    clock: wall,
    budgets: {
      granted: async () => new Map([['weekend', before]]),
      change: async (_tx, wanted) => {
        changes.push(...wanted.map(({ campaign: id, limit, version }) => [id, limit, version]));
        return new Map([['weekend', 500n]]);
      },
    },
  });
  let before = 500n;
  const campaign = (budget: object, unit = 'points') => ({
    campaigns: [
      { id: 'other', effect: { multiply: '2', unit: 'points' }, budget: { points: '1' } },
      { id: 'weekend', effect: { multiply: '2', unit }, budget },
    ],
    units: { points: { worth: '0.01' } },
  });
  await publish('budget', campaign({ points: '1000' }));
  const enough = [{ points: '500' }, { points: '2000' }, { money: '5.00' }];
  for (const budget of enough) await publish('budget', campaign(budget), {}, given);
  const shorter = [
    [
      { points: '499' },
      '/campaigns/1/budget/points',
      /has given 500 points already, .* cannot be 499 points/,
    ],
    [{ money: '4.99' }, '/campaigns/1/budget/money', /cannot be 499 points \(4.99 USD\)/],
  ] as const;
  for (const [budget, pointer, message] of shorter) {
    const bad = document(campaign(budget));
    for (const refused of [given.publish('budget', bad), given.plan('budget', bad)]) {
      const { code, errors } = (await refusal(refused)) as Awaited<ReturnType<typeof refusal>> & {
        errors?: { pointer: string; message: string }[];
      };
      assert.deepEqual([code, errors?.map(each => each.pointer)], ['program_invalid', [pointer]]);
      assert.match(errors?.[0]?.message ?? '', message);
    }
  }
  assert.deepEqual(
    changes.filter((_, index) => index % 2 === 1),
    [
      ['weekend', 500n, 2],
      ['weekend', 2_000n, 3],
      ['weekend', 500n, 4],
    ],
  );
  // Given by a batch between the check and the moment at which nobody takes from the budget any more.
  before = 0n;
  const late = given.publish('budget', document(campaign({ points: '499' })));
  assert.equal((await refusal(late)).code, 'program_invalid');
  assert.equal((await load('budget')).versions.length, 4);
  // What is to begin later takes nothing from the present.
  changes.length = 0;
  await publish('budget', campaign({ points: '499' }), { effectiveFrom: wall.now() + 1 }, given);
  assert.deepEqual(changes, []);
  // Without a bound, or without the campaign, nothing can be below it.
  await publish('budget', { units: { points: { worth: '0.01' } } }, {}, given);
});
