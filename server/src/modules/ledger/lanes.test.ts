import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { numbers } from '#platform/db/arrays.ts';
import { statement } from '#platform/db/client.ts';
import { accept, type Outcome } from '#platform/errors.ts';
import { orderOf, SHOP } from '../../../test/support/books.ts';
import { type TestEngine, testEngine } from '../../../test/support/engine.ts';
import { invariants } from '../../../test/support/invariants.ts';
import { businessKey, type Command, type CommandType, type Done } from './index.ts';

/*
 * A kind of command of the tests' own: it writes a name into a table, in one of the ways in which a batch can
 * go wrong.
 */
type Way =
  | 'well'
  | 'refused by the database'
  | 'has a number that does not fit'
  | 'finds nothing to do'
  | 'throws'
  | 'throws while it writes'
  | 'swallows its failure'
  | 'swallows a failure of its facts'
  | 'fails at the commit';
interface Note {
  id: bigint;
  name: string;
  way: Way;
}

const write = statement('test_write_note', `insert into notes (id, name) values ($1::bigint, $2)`);
const writeNumbers = statement('test_write_numbers', `select unnest($1::bigint[])`);
const fail = statement('test_fail', `select 'no number'::integer`);
const find = statement('test_find_notes', `select id, name from notes where id = any($1::bigint[])`);

const noteType: CommandType<{ name: string; way: Way }, null, Note, string> = {
  name: 'note',
  amends: false,
  enrols: () => false,
  needsLots: () => false,
  admit: () => undefined,
  async load(tx, commands) {
    if (commands.some(({ body }) => body.way === 'swallows a failure of its facts'))
      await tx.run(fail).catch(() => undefined);
    return null;
  },
  decide({ body }, _facts, { id }) {
    if (body.way === 'finds nothing to do') return accept({ repeats: { id, ...body }, entries: [] });
    if (body.way === 'throws') throw new Error('a mistake in the code');
    return accept({ record: { id, ...body }, drafts: [], fact: null });
  },
  evolve: () => undefined,
  async store(tx, decisions) {
    if (decisions.some(({ stored: { way } }) => way === 'throws while it writes'))
      throw new Error('a mistake in the code');
    await Promise.all(
      decisions.flatMap(({ stored: { id, name, way } }) => [
        ...(way === 'swallows a failure of its facts' ? [] : [tx.run(write, [id, name])]),
        ...(way === 'refused by the database' ? [tx.run(fail)] : []),
        ...(way === 'has a number that does not fit' ? [tx.run(writeNumbers, [numbers([2n ** 63n])])] : []),
        ...(way === 'swallows its failure' ? [tx.run(fail).catch(() => undefined)] : []),
      ]),
    );
  },
  async find(tx, ids) {
    const rows = await tx.run<[bigint, string]>(find, [`{${ids.join(',')}}`]);
    return new Map(
      rows.map(([id, name]) => [id, { stored: { id, name, way: 'well' as const }, posted: [] }]),
    );
  },
  differences: () => [],
  answer: ({ name }) => name,
};

async function engineWithNotes(options: Parameters<typeof testEngine>[0] = {}): Promise<TestEngine> {
  const engine = await testEngine(options);
  await engine.sql('create table notes (id bigint primary key, name text)');
  await engine.sql('grant select, insert on notes to fealty_app');
  await engine.sql(
    `create function refuse_late() returns trigger language plpgsql as $$ begin raise exception 'too late'; end $$`,
  );
  await engine.sql(
    `create constraint trigger late after insert on notes deferrable initially deferred for each row when (new.name like 'late%') execute function refuse_late()`,
  );
  await engine.publish('shop', SHOP);
  await engine.post('/v1/members', 'shop', { external_id: 'ann' });
  engine.engine.ledger.register(noteType);
  return engine;
}

let keys = 0;
function note(name: string, way: Way): Command {
  keys += 1;
  return {
    type: 'note',
    programId: 1,
    member: 'ext:ann',
    key: businessKey(1, 'test', 'note', `${name} ${keys}`),
    payload: businessKey(1, 'test', 'note', name),
    body: { name, way },
  };
}

/** Sends each by itself, all in one turn, so that they share a batch; says what became of each. */
const sent = (engine: TestEngine, commands: readonly Command[]): Promise<string[]> =>
  Promise.all(
    commands.map(command =>
      engine.engine.ledger.run<string>([command]).then(
        ([outcome]: Outcome<Done<string>>[]) =>
          outcome?.ok ? outcome.value.answer() : (outcome?.refusal.code ?? 'nothing'),
        (fault: { code?: string }) => `fault ${fault.code}`,
      ),
    ),
  );

const written = async (engine: TestEngine): Promise<string[]> =>
  (await engine.sql('select name from notes order by name')).map(row => String(row['name']));

const engine = await engineWithNotes();
after(() => engine.stop());

for (const [way, answered] of [
  ['refused by the database', 'command_failed'],
  ['has a number that does not fit', 'command_failed'],
  ['throws', 'fault internal'],
  ['throws while it writes', 'fault internal'],
  ['swallows its failure', 'command_failed'],
  ['fails at the commit', 'fault internal'],
] as const) {
  test(`of a batch in which one command ${way}, only that one is not carried out, and it is not acknowledged`, async () => {
    await engine.sql('delete from notes');
    const names = Array.from({ length: 11 }, (_, nr) => `note ${nr + 10}`);
    const commands = names.map((name, place) =>
      note(place === 6 ? `late ${name}` : name, place === 6 ? way : 'well'),
    );
    if (way !== 'fails at the commit') commands[6] = note(names[6] as string, way);
    const good = names.filter((_, place) => place !== 6);
    const outcomes = await sent(engine, commands);
    assert.equal(outcomes[6], answered);
    assert.deepEqual(
      outcomes.filter((_, place) => place !== 6),
      good,
    );
    assert.deepEqual(await written(engine), good);
    const [again] = await sent(engine, [commands[0] as Command]);
    assert.equal(again, names[0], 'what was accepted is known');
    assert.deepEqual(await written(engine), good);
  });
}

test('what finds nothing to do, because it was carried out, gets its first answer; under another content it is refused', async () => {
  const done = note('done', 'well');
  assert.deepEqual(await sent(engine, [done]), ['done']);
  const nothing = { name: 'nothing', way: 'finds nothing to do' } as const;
  assert.deepEqual(await sent(engine, [{ ...done, body: nothing }]), ['done']);
  const other = { ...done, payload: businessKey(1, 'test', 'note', 'other'), body: nothing };
  assert.deepEqual(await sent(engine, [other]), ['key_reused']);
  assert.deepEqual(await sent(engine, [note('nothing', 'finds nothing to do')]), ['nothing']);
});

test('a batch of which only the commit knows that it failed is not acknowledged', async () => {
  await engine.sql('delete from notes');
  // Without a key nothing is sent behind the failure that could tell of it.
  const command = { ...note('unseen', 'swallows a failure of its facts'), key: null };
  assert.deepEqual(await sent(engine, [command]), ['fault internal']);
  assert.deepEqual(await written(engine), []);
});

test('every command of a bad batch can be bad, and the lane goes on', async () => {
  await engine.sql('delete from notes');
  const ways: Way[] = [
    'throws',
    'refused by the database',
    'swallows its failure',
    'refused by the database',
  ];
  assert.deepEqual(
    await sent(
      engine,
      ways.map((way, nr) => note(`bad ${nr}`, way)),
    ),
    ['fault internal', 'command_failed', 'command_failed', 'command_failed'],
  );
  assert.deepEqual(await sent(engine, [note('good', 'well')]), ['good']);
  assert.deepEqual(await written(engine), ['good']);
});

test('commands of one member keep their order, also over the bound of a batch', async () => {
  const small = await engineWithNotes({ batch: 7 });
  const amounts = Array.from({ length: 40 }, (_, nr) => nr + 1);
  await Promise.all(
    amounts.map(points =>
      small.post(`/v1/members/ext:ann/adjustments`, 'shop', {
        external_id: `a${points}`,
        points: String(points),
        reason: 'order',
      }),
    ),
  );
  const rows = await small.sql('select available from ledger.entries order by seq');
  assert.deepEqual(
    rows.map(row => Number(row['available'])),
    amounts,
  );
  await small.stop();
});

test('more commands than may wait are refused whole, and nothing of them is done', async () => {
  const small = await engineWithNotes({ queue: 5 });
  await assert.rejects(
    small.engine.ledger.run(Array.from({ length: 6 }, (_, nr) => note(`n${nr}`, 'well'))),
    { code: 'overloaded' },
  );
  assert.deepEqual(await written(small), []);
  const orders = Array.from({ length: 6 }, (_, nr) => orderOf(`o${nr}`, 'ann', '100'));
  const { status, body } = await small.post('/v1/orders/bulk', 'shop', { orders });
  assert.deepEqual([status, body['code']], [503, 'overloaded']);
  assert.equal((await small.post('/v1/orders/bulk', 'shop', { orders: orders.slice(0, 5) })).status, 200);
  await small.stop();
});

test('a stop finishes what was accepted and takes nothing new', async () => {
  const short = await engineWithNotes({ batch: 10 });
  const { ledger } = short.engine;
  const running = Promise.all(
    Array.from({ length: 50 }, (_, nr) => ledger.run<string>([note(`n${nr}`, 'well')])),
  );
  const stopped = ledger.stop();
  await assert.rejects(ledger.run([note('too late', 'well')]), { code: 'stopping' });
  const outcomes = (await running).flat();
  assert.ok(outcomes.every(outcome => outcome.ok));
  await stopped;
  assert.equal((await written(short)).length, 50);
  await short.stop();
});

test('a connection that is cut in the middle of a batch costs nobody anything', async () => {
  const cut = await engineWithNotes();
  await cut.post('/v1/orders', 'shop', orderOf('first', 'ann', '100'));
  for (let round = 0; round < 5; round += 1) {
    await cut.sql('begin');
    await cut.sql('select 1 from ledger.wallets for update');
    const orders = Array.from({ length: 1 + round * 3 }, (_, nr) => orderOf(`o${round}-${nr}`, 'ann', '100'));
    const answers = Promise.all(orders.map(order => cut.post('/v1/orders', 'shop', order)));
    while (
      (
        await cut.sql(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      ).length === 0
    )
      await sleep(2);
    await cut.sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'fealty lane%'`,
    );
    await cut.sql('rollback');
    for (const { status, body } of await answers) assert.equal(status, 201, JSON.stringify(body));
  }
  await invariants(cut);
  const { body } = await cut.get<{ balances: { available: string }[] }>(
    '/v1/members/ext:ann/balances',
    'shop',
  );
  assert.equal(body.balances[0]?.available, String(1 + 1 + 4 + 7 + 10 + 13));
  await cut.stop();
});
