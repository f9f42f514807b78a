import assert from 'node:assert/strict';
import { type Json, type Reply, type TestEngine, testEngine } from './engine.ts';

/** A program with a reward of each kind, on a test clock at the start of 2026. */
export const CATALOGUE = {
  currency: 'USD',
  clock: { test: '2026-01-01T00:00:00Z' },
  time_zone: 'America/New_York',
  units: { points: { worth: '0.01' }, miles: {}, nights: { redeemable: false, qualifying: true } },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
  rewards: [
    {
      id: 'ten-off',
      name: 'Ten off',
      cost: { unit: 'points', points: '1000' },
      gives: { money_off: '10.00' },
    },
    { id: 'tenth-off', cost: { unit: 'points', points: '500' }, gives: { percent_off: '12.5' } },
    { id: 'mug', cost: { unit: 'points', points: '300' }, gives: { product: 'MUG-1' }, stock: 2 },
    { id: 'cinema', cost: { unit: 'points', points: '200' }, gives: { voucher: 'cinema' } },
    {
      id: 'miles',
      cost: { unit: 'points', points: '100' },
      gives: { points: { unit: 'miles', points: '40', expires_after: 'P1M' } },
    },
    {
      id: 'weekly',
      cost: { unit: 'points', points: '10' },
      gives: { money_off: '0.50' },
      limit: { per_member: 2, every: 'week' },
      minimum: { order_total: '20.00' },
      from: '2026-01-02T00:00:00Z',
      until: '2026-02-01T00:00:00Z',
    },
    {
      id: 'last-one',
      cost: { unit: 'points', points: '10' },
      gives: { product: 'LAST' },
      stock: 1,
      limit: { per_member: 1 },
      refund: 'keep',
    },
  ],
};

export interface Redeemed {
  known: boolean;
  redemption: {
    id: string;
    external_id: string;
    state: string;
    points: string;
    refunded: string;
    money_off: { amount: string } | null;
    reward: { id: string; rule: string; fulfilment: string | null; code: string | null };
  };
}

/** An engine with the catalogue and short ways to redeem from it. */
export class Shop {
  readonly engine: TestEngine;
  private members = 0;
  private writes = 0;

  private constructor(engine: TestEngine) {
    this.engine = engine;
  }

  static async open(document: object = CATALOGUE): Promise<Shop> {
    const engine = await testEngine();
    await engine.publish('shop', document);
    return new Shop(engine);
  }

  /** A new member who has points. */
  async member(points: number): Promise<string> {
    this.members += 1;
    const member = `ext:m${this.members}`;
    await this.engine.post('/v1/members', 'shop', { external_id: member.slice(4) });
    if (points > 0) await this.adjust(member, points);
    return member;
  }

  async adjust(member: string, points: number, unit = 'points'): Promise<void> {
    this.writes += 1;
    const { status, body } = await this.engine.post(`/v1/members/${member}/adjustments`, 'shop', {
      external_id: `a${this.writes}`,
      unit,
      points: String(points),
      reason: 'a start',
    });
    assert.equal(status, 201, JSON.stringify(body));
  }

  redeem(member: string, reward: string, more: Json = {}, dryRun = false): Promise<Reply<Redeemed & Json>> {
    this.writes += 1;
    const body = { external_id: `r${this.writes}`, member, reward, capture: true, ...more };
    return this.engine.call('POST', '/v1/redemptions', { program: 'shop', body, dryRun });
  }

  change(redemption: string, what: string, body?: Json): Promise<Reply<Redeemed & Json>> {
    this.writes += 1;
    const key = `c${this.writes}`;
    return what === 'refunds'
      ? this.engine.post(`/v1/redemptions/${redemption}/refunds`, 'shop', { external_id: key, ...body })
      : this.engine.post(`/v1/redemptions/${redemption}/${what}`, 'shop', body, { 'idempotency-key': key });
  }

  async upload(codes: readonly string[], pool = 'cinema'): Promise<Reply> {
    return this.engine.post(`/v1/voucher-pools/${pool}/codes`, 'shop', { codes });
  }

  async available(member: string, unit = 'points'): Promise<string | undefined> {
    const { body } = await this.engine.get<{ balances: { unit: string; available: string }[] }>(
      `/v1/members/${member}/balances`,
      'shop',
    );
    return body.balances.find(balance => balance.unit === unit)?.available;
  }

  /** What a reward says to a member: its reasons by their codes, or nothing where it is available. */
  async reasons(member: string, reward: string, orderTotal?: string): Promise<Json[]> {
    const query = orderTotal === undefined ? '' : `?order_total=${orderTotal}`;
    const { body } = await this.engine.get<{ data: { id: string; reasons: Json[] }[] }>(
      `/v1/members/${member}/rewards${query}`,
      'shop',
    );
    return body.data.find(({ id }) => id === reward)?.reasons ?? [{ code: 'not listed' }];
  }

  async left(reward: string): Promise<number | null | undefined> {
    const { body } = await this.engine.get<{ data: { id: string; left: number | null }[] }>(
      '/v1/rewards',
      'shop',
    );
    return body.data.find(({ id }) => id === reward)?.left;
  }
}
