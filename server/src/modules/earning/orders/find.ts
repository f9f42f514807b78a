import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Reference } from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { businessKey, type Holder, type Ledger, type Owners } from '../../ledger/index.ts';
import { loadOrders } from '../facts.ts';
import type { OrderState } from '../model.ts';

interface FindDeps {
  ledger: Ledger;
  pool: Pool;
}

const notFound = () =>
  refuse('order_not_found', 'There is no such order in this program. Send the order first, then its return.');

/** The id that a path means, if there is something of it at all; `ext:` ids belong to a source. */
export async function idOf(
  { ledger, pool }: FindDeps,
  programId: number,
  kind: 'order' | 'activity' | 'referral',
  reference: Reference,
  source: Outcome<string>,
): Promise<Outcome<bigint | undefined>> {
  if (reference.id !== undefined) return accept(reference.id);
  if (!source.ok) return source;
  const key = businessKey(programId, source.value, kind, reference.externalId as string);
  return accept(await ledger.resultOf(pool, key));
}

/** The order that a path names, as it stands. */
export async function findOrder(
  deps: FindDeps,
  programId: number,
  reference: Reference,
  source: Outcome<string>,
): Promise<Outcome<OrderState>> {
  const id = await idOf(deps, programId, 'order', reference, source);
  if (!id.ok) return id;
  const { ledger, pool } = deps;
  const state =
    id.value === undefined ? undefined : (await loadOrders(pool, ledger, [id.value])).states.get(id.value);
  return state?.programId === programId ? accept(state) : notFound();
}

/** The id of the order that a path names, and whose it is: all that has to be known before what befalls it waits in the lanes. */
export async function findOwner(
  deps: FindDeps & { orders: Owners },
  programId: number,
  reference: Reference,
  source: Outcome<string>,
): Promise<Outcome<{ orderId: bigint; holder: Holder }>> {
  const id = await idOf(deps, programId, 'order', reference, source);
  if (!id.ok) return id;
  const owner = id.value === undefined ? undefined : await deps.orders.of(id.value);
  if (id.value === undefined || owner?.programId !== programId) return notFound();
  const holder = await deps.ledger.directory.find(programId, wireId('mem', BigInt(owner.memberId)));
  return holder.ok ? accept({ orderId: id.value, holder: holder.value }) : holder;
}
