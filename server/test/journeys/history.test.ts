import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Answer,
  eventsWith,
  type Json,
  NOON,
  order,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const run = await startEngine();
await run.program('shop', {
  ...testClock(),
  units: { points: { worth: '0.01' }, nights: { redeemable: false } },
  earning: [
    {
      id: 'base',
      on: 'order',
      earn: { unit: 'points', per_currency_unit: '1' },
      expires: { after: 'P1Y' },
    },
    {
      id: 'tea',
      on: 'order',
      when: { category: ['tea'] },
      earn: { unit: 'points', per_currency_unit: '0.5' },
    },
    { id: 'night', on: 'order', earn: { unit: 'nights', fixed: '1' } },
  ],
});
const shop = run.on('shop');
const rows = Array.from({ length: 57 }, (_, index) => order(index, { external_id: `row-${index}` }));
await shop.post('/v1/orders/bulk', { orders: rows });

/** All rows of a list, page by page. */
async function pages(path: string, limit: number): Promise<Json[]> {
  const all: Json[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { status, body } = await shop.get(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${more}`);
    assert.equal(status, 200);
    assert.ok(body.data.length <= limit);
    all.push(...body.data);
    cursor = body.next;
  }
  return all;
}

test('the pages of a history hold every entry once, newest first, whatever their size and what is written meanwhile', async () => {
  const whole = await pages('/v1/members/ext:ann/entries', 1000);
  // 56 orders earn points, all earn a night.
  assert.equal(whole.length, 56 + 57);
  for (const limit of [1, 7, 113]) assert.deepEqual(await pages('/v1/members/ext:ann/entries', limit), whole);
  for (const unit of ['points', 'nights']) {
    const own = await pages(`/v1/members/ext:ann/entries?unit=${unit}`, 10);
    assert.deepEqual(
      own,
      whole.filter(entry => entry.unit === unit),
    );
    assert.deepEqual(
      own.map(entry => entry.seq),
      own.map((_, index) => own.length - index),
    );
  }
  const points = '/v1/members/ext:ann/entries?unit=points&limit=28';
  const { body: first } = await shop.get(points);
  await shop.post('/v1/orders', order(3));
  const { body: second } = await shop.get(`${points}&cursor=${first.next}`);
  assert.deepEqual(
    [...first.data, ...second.data],
    whole.filter(entry => entry.unit === 'points'),
  );
});

test('the pages of members and of programs hold every one once', async () => {
  for (const id of ['a', 'b', 'c', 'd', 'e']) await shop.post('/v1/members', { external_id: id });
  const members = await pages('/v1/members', 2);
  assert.deepEqual(
    members.map(member => member.external_id),
    ['ann', 'a', 'b', 'c', 'd', 'e'],
  );
  for (const name of ['p1', 'p2', 'p3']) await run.program(name);
  assert.deepEqual(
    (await pages('/v1/programs', 2)).map(program => program.program),
    ['shop', 'p1', 'p2', 'p3'],
  );
});

test('a cursor that is not of the list is refused', async () => {
  const made = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
  const { body: members } = await shop.get('/v1/members?limit=1');
  const { body: entries } = await shop.get('/v1/members/ext:ann/entries?limit=1');
  const { body: events } = await shop.get('/v1/events?limit=1');
  const refused = [
    `/v1/members?cursor=${entries.next}`,
    `/v1/members?cursor=${made(['9999999999999999999'])}`,
    `/v1/members/ext:ann/entries?cursor=${members.next}`,
    `/v1/members/ext:ann/entries?cursor=${made(['9007199254740991', '1', '1'])}`,
    `/v1/members/ext:ann/entries?cursor=${made(['1', '1', '9007199254740991'])}`,
    `/v1/members/ext:ann/entries?cursor=${made(['1', '-1', '1'])}`,
    `/v1/members/ext:ann/entries?cursor=${made(['', 'x', '1'])}`,
    `/v1/programs?cursor=${made(['9999999999'])}`,
    `/v1/keys?cursor=${events.next}`,
    `/v1/events?after=${members.next}`,
    `/v1/events?after=${Buffer.from('1.9999999999999999999.0').toString('base64url')}`,
    '/v1/members?cursor=',
    '/v1/members?cursor=%25',
    `/v1/members?cursor=${'a'.repeat(513)}`,
  ];
  for (const path of refused) {
    const { status, body } = await shop.get(path);
    assert.deepEqual([status, body.code], [400, 'invalid_request'], path);
  }
});

test('an entry says why: the rules, the lines and the rounding that give it again', async () => {
  const sent = order(0, {
    external_id: 'why',
    member: 'ext:why',
    lines: [
      { id: 'a', category: 'tea', amount: '333' },
      { id: 'b', category: 'tea', amount: '333' },
      { id: 'c', amount: '1' },
    ],
  });
  const { body: made } = await shop.post('/v1/orders', sent);
  for (const effect of made.effects) {
    const { status, body } = await shop.get(`/v1/entries/${effect.entry}`);
    assert.equal(status, 200);
    assert.equal(body.member, made.order.member);
    assert.equal(body.why.order.id, made.order.id);
    assert.equal(body.why.program_version, 1);
    const rule = body.why.rules.find((one: Json) => one.rule === effect.rule);
    // The points of the rule's cells are the entry, and its definition is the one that was published.
    const cells = rule.cells.reduce((sum: bigint, cell: Json) => sum + BigInt(cell.points), 0n);
    assert.equal(String(cells), effect.points);
    assert.equal(`${rule.definition.id}@1`, effect.rule);
    for (const cell of rule.cells)
      assert.equal(cell.amount, sent.lines.find((line: Json) => line.id === cell.line)?.amount);
  }
  // 6.67 at 1 and 6.66 at 0.5 are exactly 10: nothing is lost although no cell is whole. The two left over go
  // to the largest fractions, 1.665 each.
  assert.deepEqual(
    made.effects.filter((effect: Json) => effect.unit === 'points').map((effect: Json) => effect.points),
    ['6', '4'],
  );
});

test('entries of returns, redemptions and adjustments say what they follow from', async () => {
  await shop.post('/v1/orders', order(50, { external_id: 'chain', member: 'ext:chain' }));
  const held = await shop.post('/v1/redemptions', {
    external_id: 'chain',
    member: 'ext:chain',
    points: '20',
  });
  const id = held.body.redemption.id;
  const captured = await shop.post(`/v1/redemptions/${id}/capture`, undefined, {
    'idempotency-key': 'chain',
  });
  const refunded = await shop.post(`/v1/redemptions/${id}/refunds`, { external_id: 'chain-f', points: '5' });
  const returned = await shop.post('/v1/orders/ext:chain/returns', {
    external_id: 'chain',
    occurred_at: NOON,
  });
  const adjusted = await shop.post('/v1/members/ext:chain/adjustments', {
    external_id: 'chain',
    points: '3',
    reason: 'a late parcel',
  });
  const entryOf = async (answer: Answer) =>
    (await shop.get(`/v1/entries/${answer.body.effects[0].entry}`)).body;
  const hold = await entryOf(held);
  assert.deepEqual([hold.kind, hold.follows, hold.command.id], ['hold', null, id]);
  const capture = await entryOf(captured);
  assert.deepEqual([capture.kind, capture.follows], ['redeem', hold.id]);
  assert.equal(capture.why.redemption.id, id);
  const refund = await entryOf(refunded);
  assert.deepEqual([refund.kind, refund.follows, refund.why.points], ['refund', hold.id, '5']);
  const clawback = await entryOf(returned);
  assert.equal(clawback.why.return.external_id, 'chain');
  assert.deepEqual(clawback.why.decided, [
    { rule: 'base@1', points: '50' },
    { rule: 'night@1', points: '1' },
  ]);
  const adjust = await entryOf(adjusted);
  assert.deepEqual([adjust.kind, adjust.reason], ['adjust', 'a late parcel']);
  assert.match(JSON.stringify(adjust.why), /"reason":"a late parcel"/);
  assert.equal((await shop.get('/v1/entries/ent_0000000000000zzzzzzz')).body.code, 'entry_not_found');
  assert.equal((await shop.get('/v1/entries/nonsense')).body.code, 'entry_not_found');
});

const entriesIn = (events: Json[]): string[] =>
  events.flatMap(event => event.data.entries.map((entry: Json) => entry.entry));

test('events tell every entry once, in the order of commits, and a cursor waits for more', async () => {
  const kept: string[] = [];
  for (const member of await pages('/v1/members', 100))
    for (const unit of ['points', 'nights'])
      kept.push(
        ...(await pages(`/v1/members/${member.id}/entries?unit=${unit}`, 1000)).map(entry => entry.id),
      );
  const { data: all, next } = await eventsWith(shop, data => entriesIn(data).length >= kept.length);
  assert.deepEqual(entriesIn(all).toSorted(), kept.toSorted());
  // The number of an entry stands behind its wallet: within each wallet the log goes up without a gap.
  const last = new Map<string, number>();
  for (const id of entriesIn(all)) {
    const [wallet, seq] = [id.slice(0, 17), (await shop.get(`/v1/entries/${id}`)).body.seq];
    assert.equal(seq, (last.get(wallet) ?? 0) + 1);
    last.set(wallet, seq);
  }
  for (const limit of [1, 9]) {
    const some: Json[] = [];
    for (let after = '', page: Json = { data: [{}] }; page.data.length > 0; after = page.next) {
      page = (await shop.get(`/v1/events?limit=${limit}${after === '' ? '' : `&after=${after}`}`)).body;
      some.push(...page.data);
    }
    assert.deepEqual(some, all);
  }
  assert.equal(new Set(all.map(event => event.id)).size, all.length);
  const { body: made } = await shop.post('/v1/orders', order(1, { external_id: 'heard', member: 'ext:why' }));
  const { data: more } = await eventsWith(shop, data => data.length > 0, next);
  assert.deepEqual(
    more.map(event => [event.type, event.program, event.member, event.data.external_id]),
    [['order.accepted', 'shop', made.order.member, 'heard']],
  );
});

test('each kind of command publishes its own kind of event', async () => {
  const types = [
    'order.accepted',
    'order.returned',
    'redemption.held',
    'redemption.captured',
    'redemption.refunded',
    'points.adjusted',
  ];
  const heard = (data: Json[]) => types.filter(type => data.some(event => event.type === type));
  const { data } = await eventsWith(shop, some => heard(some).length === types.length);
  assert.deepEqual(heard(data), types);
});

test('what the ledger says agrees along every path', () => verified(run));
