import { localTime } from '#platform/calendar.ts';
import { floorDiv, times } from '#platform/money.ts';
import type { OrderInput, ProgramVersion } from '../../program/index.ts';
import type { Order } from './orders.model.ts';

/** What the conditions of rules read. Parts are made when the first condition asks for them. */
export function inputOf(order: Order, version: ProgramVersion): OrderInput {
  let ofOrder: OrderInput['order'] | undefined;
  let ofTime: OrderInput['time'] | undefined;
  return {
    get order() {
      ofOrder ??= orderInput(order, version);
      return ofOrder;
    },
    get time() {
      ofTime ??= localTime(order.occurredAt, version.timeZone);
      return ofTime;
    },
  };
}

/** An order as conditions see it: unknown texts are empty, amounts in the program's currency. */
export function orderInput(order: Order, version: ProgramVersion): OrderInput['order'] {
  const rate = version.rate(order.currency, order.occurredAt) ?? { num: 0n, den: 1n };
  const inProgram = (amount: bigint): bigint => {
    const exact = times({ num: amount, den: 1n }, rate);
    return floorDiv(exact.num, exact.den);
  };
  return {
    external_id: order.externalId,
    kind: order.kind ?? '',
    channel: order.channel ?? '',
    partner: order.partner ?? '',
    currency: order.currency,
    total: inProgram(order.lines.reduce((sum, line) => sum + line.amount, 0n)),
    quantity: order.lines.reduce((sum, line) => sum + line.quantity, 0),
    lines: order.lines.map(line => ({
      sku: line.sku ?? '',
      category: line.category ?? '',
      quantity: line.quantity,
      amount: inProgram(line.amount),
    })),
    attributes: order.attributes ?? {},
  };
}
