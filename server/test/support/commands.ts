import type { Order } from '../../src/modules/earning/model.ts';
import { payloadOf } from '../../src/modules/earning/orders/orders.ts';
import { returnPayload } from '../../src/modules/earning/orders/returns.ts';
import type { ReturnBody } from '../../src/modules/earning/records.ts';
import { businessKey, type Command } from '../../src/modules/ledger/index.ts';

/**
 * Commands of members of the first program, for those who choose themselves what comes in one batch: each call names a
 * new member, and ways to name commands of it that occur at `now` (epoch ms).
 */
export function commandsOf(now: number) {
  let members = 0;
  return () => newcomer(++members, now);
}

function newcomer(members: number, now: number) {
  const member = `ext:member ${members}`;
  const key = (type: string, externalId: string) => businessKey(1, 'api', type, `${externalId} of ${member}`);
  return {
    member,
    order(externalId: string, amount: number, more: Partial<Order> = {}): Command {
      const order: Order = {
        externalId: `${externalId} of ${member}`,
        source: 'api',
        revision: 1,
        occurredAt: now,
        currency: 'USD',
        kind: null,
        channel: null,
        partner: null,
        lines: [{ id: '1', sku: null, category: null, quantity: 2, amount: BigInt(amount) }],
        attributes: null,
        ...more,
      };
      const payload = payloadOf(member, order);
      return {
        type: 'order',
        programId: 1,
        member,
        key: key('order', externalId),
        payload,
        body: { order, payload },
      };
    },
    back(externalId: string, orderId: bigint, more: Partial<ReturnBody> = {}): Command {
      const body: ReturnBody = {
        orderId,
        externalId: `${externalId} of ${member}`,
        source: 'api',
        occurredAt: now,
        lines: null,
        cancels: false,
        ...more,
      };
      return {
        type: 'return',
        programId: 1,
        member,
        key: key('return', externalId),
        payload: returnPayload(body),
        body,
      };
    },
  };
}
