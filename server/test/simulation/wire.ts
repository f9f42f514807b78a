import type { Call, Json, Reply } from '../support/engine.ts';
import type { Expected } from './model.ts';
import type { OrderRequest, Request } from './requests.ts';
import type { Effect, Part } from './wallet.ts';

/** The engine's ids, as its answers told them. */
export interface Known {
  members: Map<string, string>;
  orders: Map<string, string>;
  redemptions: Map<string, string>;
  /** By the name of a lot in the model. */
  lots: Map<string, string>;
}

const instant = (at: number): string => new Date(at).toISOString();

export const orderBody = (request: OrderRequest) => ({
  external_id: request.externalId,
  ...(request.source === 'api' ? {} : { source: request.source }),
  member: `ext:${request.member}`,
  revision: request.revision,
  occurred_at: instant(request.occurredAt),
  currency: request.currency,
  ...(request.channel === null ? {} : { channel: request.channel }),
  lines: request.lines.map(line => ({
    id: line.id,
    ...(line.category === null ? {} : { category: line.category }),
    quantity: line.quantity,
    amount: String(line.amount),
  })),
});

/** How a request goes over the wire. Things are named by the engine's id or by their own, now this way and now that. */
export function callOf(request: Request, known: Known): { path: string; call: Call } {
  const byId = request.externalId.charCodeAt(request.externalId.length - 1) % 2 === 0;
  const member = (name: string): string =>
    byId ? (known.members.get(name) ?? `ext:${name}`) : `ext:${name}`;
  switch (request.kind) {
    case 'order':
      return { path: '/v1/orders', call: { body: orderBody(request) } };
    case 'return': {
      const [source = '', externalId = ''] = request.order.split(' ');
      const order = known.orders.get(request.order) ?? `ext:${externalId}`;
      const body = {
        external_id: request.externalId,
        source: request.source,
        occurred_at: instant(request.occurredAt),
        ...(request.lines === null ? {} : { lines: request.lines.map(returnLine) }),
      };
      const path = source === request.source && byId ? `ext:${externalId}` : order;
      return { path: `/v1/orders/${path}/${request.cancels ? 'cancel' : 'returns'}`, call: { body } };
    }
    case 'redeem': {
      const { externalId, unit, points, capture, holdFor } = request;
      const body = {
        external_id: externalId,
        member: member(request.member),
        ...(unit === 'points' && byId ? {} : { unit }),
        points: String(points),
        capture,
        hold_for: `PT${holdFor / 1000}S`,
      };
      return { path: '/v1/redemptions', call: { body } };
    }
    case 'change': {
      const path = `/v1/redemptions/${known.redemptions.get(request.redemption) ?? 'red_0000000000000'}`;
      if (request.change !== 'refund')
        return {
          path: `${path}/${request.change}`,
          call: { headers: { 'idempotency-key': request.externalId } },
        };
      const body = {
        external_id: request.externalId,
        ...(request.points === null ? {} : { points: String(request.points) }),
      };
      return { path: `${path}/refunds`, call: { body } };
    }
    case 'adjust': {
      const body = {
        external_id: request.externalId,
        unit: request.unit,
        points: String(request.points),
        reason: request.reason,
        ...(request.expiresAt === null ? {} : { expires_at: instant(request.expiresAt) }),
      };
      return { path: `/v1/members/${member(request.member)}/adjustments`, call: { body } };
    }
  }
}

const returnLine = (line: { id: string; quantity: number | null; amount: bigint | null }) => ({
  id: line.id,
  ...(line.quantity === null ? {} : { quantity: line.quantity }),
  ...(line.amount === null ? {} : { amount: String(line.amount) }),
});

interface WireEffect {
  entry: string;
  type: string;
  unit: string;
  points: string;
  rule: string | null;
  lots: { lot: string; points: string }[];
  available_at: string | null;
  expires_at: string | null;
}

/** What an answer says, with parts in an order of their own. */
const sorted = (lots: readonly { lot: string; points: string }[]): string[] =>
  lots.map(({ lot, points }) => `${lot} ${points}`).sort();
const ofParts = (parts: readonly Part[], ids: ReadonlyMap<string, string>): string[] =>
  sorted(
    parts.map(({ lot, points }) => ({
      lot: ids.get(lot.name) ?? `the lot ${lot.name}`,
      points: String(points),
    })),
  );

function describe(effect: Effect, ids: ReadonlyMap<string, string>): object {
  const { type, unit, points, rule, parts, availableAt, expiresAt } = effect;
  const at = (value: number | null) => (value === null ? null : instant(value));
  return {
    type,
    unit,
    points: String(points),
    rule,
    lots: ofParts(parts, ids),
    available_at: at(availableAt),
    expires_at: at(expiresAt),
  };
}

const describeWire = ({ type, unit, points, rule, lots, available_at, expires_at }: WireEffect): object => ({
  type,
  unit,
  points,
  rule,
  lots: sorted(lots),
  available_at,
  expires_at,
});

/** The value at a path such as `redemption.state`. */
const at = (body: Json, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Json | undefined)?.[name], body);

/**
 * What an answer says and what the model expects of it, to be compared. `lots` learns the ids of lots that the answer
 * opens. `balances` are the model's, by unit.
 */
export function compared(
  expected: Expected,
  reply: Reply,
  dryRun: boolean,
  balances: ReadonlyMap<string, object>,
  lots: Map<string, string>,
): { actual: unknown; expected: unknown } {
  const { body } = reply;
  if (expected.outcome === 'refused')
    return {
      actual: { status: reply.status >= 400, code: body['code'] },
      expected: { status: true, code: expected.code },
    };
  if (expected.outcome === 'known')
    return { actual: { status: reply.status, known: body['known'] }, expected: { status: 200, known: true } };
  const effects = (body['effects'] ?? []) as WireEffect[];
  const units = [...new Set([...effects, ...expected.effects].map(effect => effect.unit))].sort();
  const own = <T extends { unit: string }>(list: readonly T[], unit: string): T[] =>
    list.filter(effect => effect.unit === unit);
  for (const unit of units) {
    const actual = own(effects, unit);
    own(expected.effects, unit).forEach((effect, place) => {
      const entry = actual[place]?.entry;
      if (effect.opens !== null && entry !== undefined) lots.set(effect.opens.name, entry);
    });
  }
  const answered = (body['balances'] ?? []) as { unit: string }[];
  return {
    actual: {
      status: reply.status,
      known: body['known'],
      effects: units.map(unit => own(effects, unit).map(describeWire)),
      balances: answered.toSorted((a, b) => (a.unit < b.unit ? -1 : 1)),
      ...Object.fromEntries(Object.keys(expected.answer).map(path => [path, at(body, path)])),
      ...(reply.status >= 400 ? { problem: body['code'], detail: body['detail'] } : {}),
    },
    expected: {
      status: dryRun ? 200 : 201,
      known: false,
      effects: units.map(unit => own(expected.effects, unit).map(effect => describe(effect, lots))),
      balances: [...expected.touched].sort().map(unit => balances.get(unit)),
      ...expected.answer,
    },
  };
}
