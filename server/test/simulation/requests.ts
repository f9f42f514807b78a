/* What the simulation sends, as plain data: the model predicts it, the driver sends it. Amounts in minor units. */

export interface OrderLine {
  id: string;
  category: string | null;
  quantity: number;
  amount: bigint;
}

export interface OrderRequest {
  kind: 'order';
  externalId: string;
  source: string;
  member: string;
  revision: number;
  occurredAt: number;
  currency: string;
  channel: string | null;
  lines: OrderLine[];
}

export interface ReturnRequest {
  kind: 'return';
  externalId: string;
  source: string;
  /** The key of the order: source and external id. */
  order: string;
  occurredAt: number;
  lines: { id: string; quantity: number | null; amount: bigint | null }[] | null;
  cancels: boolean;
}

export interface RedeemRequest {
  kind: 'redeem';
  externalId: string;
  member: string;
  unit: string;
  points: bigint;
  capture: boolean;
  /** Milliseconds. */
  holdFor: number;
}

export interface ChangeRequest {
  kind: 'change';
  change: 'capture' | 'void' | 'refund';
  externalId: string;
  redemption: string;
  points: bigint | null;
}

export interface AdjustRequest {
  kind: 'adjust';
  externalId: string;
  member: string;
  unit: string;
  points: bigint;
  reason: string;
  expiresAt: number | null;
}

export type Request = OrderRequest | ReturnRequest | RedeemRequest | ChangeRequest | AdjustRequest;

/** One key, one effect: what the engine knows a request by. */
export function keyOf(request: Request): string {
  const source = 'source' in request ? request.source : 'api';
  return `${request.kind} ${source} ${request.externalId}`;
}

/** What a request says, so that a repeat can be told from another one under the same key. */
export const contentOf = (request: Request): string =>
  JSON.stringify(request, (_name, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
