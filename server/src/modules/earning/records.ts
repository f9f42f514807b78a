import type { Rational } from '#platform/money.ts';
import type { Order, ReturnLine } from './model.ts';
import type { Decided } from './posting.ts';

/** One revision of an order, as stored. */
export interface StoredOrder {
  id: bigint;
  programId: number;
  memberId: number;
  programVersion: number;
  payload: string;
  order: Order;
  decided: Decided;
}

/** What comes back of an order. */
export interface ReturnBody {
  orderId: bigint;
  externalId: string;
  source: string;
  occurredAt: number;
  /** Null: all that is left. */
  lines: readonly ReturnLine[] | null;
  /** The order is cancelled: nothing can be changed or returned any more. */
  cancels: boolean;
}

/** A return, as stored. */
export interface StoredReturn extends Omit<ReturnBody, 'lines'> {
  id: bigint;
  programId: number;
  payload: string;
  /** What of each line that it is about has come back in all, after it. */
  returned: ReadonlyMap<string, Rational>;
  decided: Decided;
}
