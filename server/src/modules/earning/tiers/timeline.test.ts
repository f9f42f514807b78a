import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import fc from 'fast-check';
import { parseWireId } from '#platform/ids.ts';
import { commandsOf } from '../../../../test/support/commands.ts';
import { testEngine } from '../../../../test/support/engine.ts';
import { invariants } from '../../../../test/support/invariants.ts';
import type { Command } from '../../ledger/index.ts';

/*
 * Most rows of a timeline get their sums from what the batch read before it decided; those that come late are placed by
 * the database. Whatever meets in one batch, the sums are those of the rows, which `invariants` adds up.
 */
const engine = await testEngine({ lanes: 1 });
after(() => engine.stop());
const NOW = Date.parse('2026-06-01T00:00:00Z');
const DAY = 86_400_000;
const TIERED = {
  currency: 'USD',
  clock: { test: new Date(NOW).toISOString() },
  units: { points: { redeemable: true, qualifying: true, worth: '0.01' } },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P12M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'silver', from: '20.00', multiplier: '2' },
    ],
  },
};
const made = await engine.publish('tiered', TIERED);
assert.equal(made['version'], 1, JSON.stringify(made));

interface Row {
  /** Of which of the members. */
  readonly who: number;
  /** Of which of the member's orders; one that exists is revised. */
  readonly nr: number;
  readonly days: number;
  readonly cents: number;
  readonly what: 'order' | 'return';
}

const row: fc.Arbitrary<Row> = fc.record({
  who: fc.integer({ min: 0, max: 1 }),
  nr: fc.integer({ min: 0, max: 3 }),
  // Few days, so that instants meet.
  days: fc.integer({ min: 0, max: 5 }),
  cents: fc.integer({ min: 0, max: 3_000 }),
  what: fc.constantFrom('order', 'order', 'order', 'return'),
});

let rounds = 0;

/** Sends rows at once, so that those of one round share batches. */
async function send(rows: readonly Row[], name: string, revisions: Map<string, number>): Promise<void> {
  await Promise.all(
    rows.map(({ who, nr, days, cents, what }) => {
      const id = `${name} ${who} ${nr}`;
      if (what === 'return')
        return engine.post(`/v1/orders/ext:${encodeURIComponent(id)}/cancel`, 'tiered', {
          external_id: `back ${id}`,
          occurred_at: new Date(NOW).toISOString(),
        });
      const revision = (revisions.get(id) ?? 0) + 1;
      revisions.set(id, revision);
      return engine.post('/v1/orders', 'tiered', {
        external_id: id,
        member: `ext:${name} ${who}`,
        occurred_at: new Date(NOW - days * DAY).toISOString(),
        currency: 'USD',
        revision,
        lines: [{ id: '1', amount: String(cents) }],
      });
    }),
  );
}

test('running sums are those of the rows, whatever comes late, is revised or comes back in one batch', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(row, { minLength: 1, maxLength: 8 }), { maxLength: 4 }), async all => {
      rounds += 1;
      const revisions = new Map<string, number>();
      for (const rows of all) await send(rows, `round ${rounds}`, revisions);
      const wrong = await engine.sql(
        `select member_id, anchor, spend_sum, sum(spend) over w as spend, orders_sum, sum(orders) over w as orders
         from earning.timeline window w as (partition by member_id order by anchor, id)`,
      );
      for (const each of wrong) {
        assert.equal(each['spend_sum'], String(each['spend']));
        assert.equal(each['orders_sum'], String(each['orders']));
      }
    }),
    { numRuns: 60 },
  );
  const [{ rows = 0 } = {}] = await engine.sql('select count(*)::integer as rows from earning.timeline');
  assert.ok(Number(rows) > 100, `the rounds wrote only ${rows} rows`);
});

test('an order and the return of the one before it share a batch', async () => {
  const { member, order, back } = commandsOf(NOW)();
  const run = async (...commands: Command[]) => {
    const outcomes = await engine.engine.ledger.run<{ order?: { id: string } }>(commands);
    return outcomes.map(outcome =>
      outcome.ok ? outcome.value.answer() : assert.fail(outcome.refusal.detail),
    );
  };
  const [first] = await run(order('first', 1_000, { occurredAt: NOW - 3 * DAY }));
  const id = parseWireId('ord', first?.order?.id as string) as bigint;
  await run(order('second', 1_500, { occurredAt: NOW - DAY }), back('back', id));
  const [last] = await engine.sql(
    `select t.orders_sum, t.spend_sum from earning.timeline t join members.members m on m.id = t.member_id
     where 'ext:' || m.external_id = $1 order by t.anchor desc, t.id desc limit 1`,
    [member],
  );
  assert.deepEqual(last, { orders_sum: '1', spend_sum: '1500' });
});

test('the books agree after all of this', async () => {
  await invariants(engine);
});
