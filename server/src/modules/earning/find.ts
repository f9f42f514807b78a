import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Reference } from '#platform/http/schemas.ts';
import { businessKey, type Ledger } from '../ledger/index.ts';
import { loadOrders } from './facts.ts';
import type { OrderState } from './model.ts';

/** The order that a path names; `ext:` ids belong to a source. */
export async function findOrder(
  { ledger, pool }: { ledger: Ledger; pool: Pool },
  programId: number,
  reference: Reference,
  source: Outcome<string>,
): Promise<Outcome<OrderState>> {
  let id = reference.id;
  if (id === undefined) {
    if (!source.ok) return source;
    const key = businessKey(programId, source.value, 'order', reference.externalId as string);
    id = await ledger.resultOf(pool, key);
  }
  const state = id === undefined ? undefined : (await loadOrders(pool, ledger, [id])).states.get(id);
  if (state !== undefined && state.programId === programId) return accept(state);
  const detail = 'There is no such order in this program. Send the order first, then its return.';
  return refuse('order_not_found', detail);
}
