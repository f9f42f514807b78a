import type { Tx } from '#platform/db/client.ts';
import { wireId } from '#platform/ids.ts';
import { type Rational, rational } from '#platform/money.ts';
import { heldBack } from '../fraud/index.ts';
import { type StoredEntry, time } from '../ledger/index.ts';
import type { ProgramVersion, Registry } from '../program/index.ts';
import { campaignsOf, partsOf } from './campaigns/effects.ts';
import { type Applied, type Cell, type Order, rate } from './model.ts';
import { notJudgedTold } from './not-judged.wire.ts';
import { wireLine } from './orders/orders.ts';
import * as store from './store.ts';

/**
 * Why an order's entry is what it is: the rules are applied again to the stored lines under the stored version
 * of the program, so that what is told is what was decided.
 */
export const explainOrder =
  (registry: Registry) =>
  async (tx: Tx, orderId: bigint, entry: StoredEntry): Promise<Record<string, unknown>> => {
    const revisions = await store.revisions(tx, [orderId]);
    const own = revisions.find(({ posted }) =>
      posted.some(
        ([wallet, first, last]) => wallet === entry.wallet && first <= entry.seq && entry.seq <= last,
      ),
    );
    if (own === undefined) return {};
    const { order, programId } = own.stored;
    const program = (await registry.load(tx, [programId])).get(programId);
    if (program === undefined) return {};
    const version = program.versions[own.stored.programVersion - 1];
    if (version === undefined) return {};
    const cells = rate(order, version, own.stored.applied);
    return {
      order: orderOf(orderId, order),
      program_version: own.stored.programVersion,
      ...appliedOf(own.stored.applied, version),
      ...(await heldBack(tx, entry)),
      rounding: `${version.rounding}, once for the order and unit, shared out by largest remainder`,
      rules: [...new Set(cells.map(cell => cell.rule))].map(rule => ({
        rule: rule.ref,
        definition: [...(version.document.earning ?? []), ...(version.document.campaigns ?? [])].find(
          definition => definition.id === rule.id,
        ),
        cells: cells.filter(cell => cell.rule === rule).map(cell => cellOf(cell, order)),
      })),
    };
  };

/** What the order was decided by besides its lines. */
const appliedOf = ({ tier, multipliers, campaigns, bounds, faults }: Applied, version: ProgramVersion) => ({
  ...(tier !== null && { tier }),
  ...(multipliers.length > 0 && {
    multipliers: multipliers.map(({ ref, by }) => ({ rule: ref, multiplier: `${by.num}/${by.den}` })),
  }),
  ...(campaigns.length > 0 && { campaigns, ...partsTold(campaigns, version) }),
  ...(bounds.size > 0 && {
    bounds: [...bounds].map(([rule, points]) => ({ rule, points: String(points) })),
  }),
  ...notJudgedTold(faults),
});

/** In lowest terms. */
function fraction({ num, den }: Rational): string {
  const least = rational(num, den);
  return `${least.num}/${least.den}`;
}

/** What campaigns added as a part of what the rules gave by themselves: an eighth for 12.5 per cent. */
function partsTold(campaigns: readonly string[], version: ProgramVersion) {
  const parts = partsOf(campaignsOf(version, campaigns), version);
  return parts.length > 0 && { parts: parts.map(({ ref, by }) => ({ rule: ref, part: fraction(by) })) };
}

const orderOf = (id: bigint, order: Order) => ({
  id: wireId('ord', id),
  external_id: order.externalId,
  source: order.source,
  revision: order.revision,
  occurred_at: time(order.occurredAt),
  currency: order.currency,
  lines: order.lines.map(wireLine),
});

const cellOf = ({ line, points }: Cell, order: Order) => ({
  line: order.lines[line]?.id,
  amount: String(order.lines[line]?.amount),
  points: String(points),
});

/** Why a return took what it took. */
export async function explainReturn(tx: Tx, returnId: bigint): Promise<Record<string, unknown>> {
  const found = (await store.findReturns(tx, [returnId])).get(returnId);
  if (found === undefined) return {};
  const { stored } = found;
  return {
    return: {
      id: wireId('ret', returnId),
      external_id: stored.externalId,
      source: stored.source,
      order: wireId('ord', stored.orderId),
      occurred_at: time(stored.occurredAt),
    },
    returned: Object.fromEntries(
      [...stored.returned].map(([line, part]) => [line, `${part.num}/${part.den}`]),
    ),
    decided: stored.decided.clawed.map(clawed => ({ rule: clawed.rule, points: String(clawed.decided) })),
  };
}

/** The order of which something came back. */
export const returnedOrder = async (tx: Tx, returnId: bigint): Promise<bigint | undefined> =>
  (await store.findReturns(tx, [returnId])).get(returnId)?.stored.orderId;
