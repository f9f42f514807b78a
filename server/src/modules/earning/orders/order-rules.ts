import type { EarningRule, OrderInput, ProgramVersion } from '../../program/index.ts';
import { inputOf } from './order-input.ts';
import type { Fault, Order } from './orders.model.ts';

/*
 * Which rules are for an order. The order and the version alone decide it, so that nothing has to be stored: a return, an
 * amendment, an explanation and a backtest come to the same rules years later.
 */

/** Whether a value is one of those that a condition takes. */
export const includes = (values: ReadonlySet<string> | null, value: string | null): boolean =>
  values === null || (value !== null && values.has(value));

const matchesOrder = ({ when }: EarningRule, order: Order): boolean =>
  when === null ||
  (includes(when.channel, order.channel) &&
    includes(when.partner, order.partner) &&
    includes(when.kind, order.kind));

/** The rules that are for an order. `fault` is told of conditions that could not be judged, which count as not met. */
export function rulesFor(
  order: Order,
  version: ProgramVersion,
  fault?: (fault: Fault) => void,
): readonly EarningRule[] {
  let input: OrderInput | undefined;
  return version.rules.filter(rule => {
    if (!matchesOrder(rule, order)) return false;
    if (rule.condition === null) return true;
    input ??= inputOf(order, version);
    const holds = rule.condition.holds(input);
    if (typeof holds === 'object') fault?.({ ref: rule.ref, reason: holds.reason });
    return holds === true;
  });
}

/** Adds the rules whose conditions could not be judged for an order. */
export function noteFaultsOfRules(order: Order, version: ProgramVersion, faults: Fault[]): void {
  if (version.rules.some(({ condition }) => condition !== null))
    rulesFor(order, version, fault => faults.push(fault));
}
