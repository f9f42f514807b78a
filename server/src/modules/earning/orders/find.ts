import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Reference } from '#platform/http/schemas.ts';
import { businessKey, type Ledger, memberText } from '../../ledger/index.ts';
import { loadOrders } from '../facts.ts';
import type { OrderState } from '../model.ts';

/** A member as commands name it: the same one in the same form goes to the same lane, so ids of ours are looked up. */
export async function sameForm(
  ledger: Ledger,
  programId: number,
  reference: Reference,
): Promise<Outcome<string>> {
  if (reference.id === undefined) return accept(memberText(reference));
  const found = await ledger.directory.find(programId, memberText(reference));
  return found.ok ? accept(`ext:${found.value.externalId}`) : found;
}

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
