import { floorDiv, times } from '#platform/money.ts';
import { type MemberFacts, NO_FACTS } from '../members/index.ts';
import { type ConditionInput, localTime, type ProgramVersion } from '../program/index.ts';
import type { Order } from './model.ts';

const DAY = 86_400_000;

/** Of whom and what a condition is asked. */
export interface Situation {
  readonly order: Order;
  readonly version: ProgramVersion;
  readonly externalId: string;
  /** The id of the member's level; empty where the program has no tiers. */
  readonly tier: string;
  /** Undefined for a member whom the batch enrols, and where no condition reads the member. */
  readonly member: MemberFacts | undefined;
}

/** What conditions read about an order. Parts are made when the first condition asks for them. */
export function conditionInput({
  order,
  version,
  externalId,
  tier,
  member = NO_FACTS,
}: Situation): ConditionInput {
  let ofOrder: ConditionInput['order'] | undefined;
  let ofMember: ConditionInput['member'] | undefined;
  let ofTime: ConditionInput['time'] | undefined;
  return {
    get order() {
      ofOrder ??= orderInput(order, version);
      return ofOrder;
    },
    get member() {
      ofMember ??= {
        external_id: externalId,
        enrolled_days:
          member.enrolledAt === null
            ? 0
            : Math.max(0, Math.floor((order.occurredAt - member.enrolledAt) / DAY)),
        country: member.profile.country ?? '',
        attributes: member.profile.attributes,
        segments: [],
      };
      return ofMember;
    },
    tier,
    get time() {
      ofTime ??= localTime(order.occurredAt, version.timeZone);
      return ofTime;
    },
  };
}

function orderInput(order: Order, version: ProgramVersion): ConditionInput['order'] {
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
