import type { Job, Stream } from './job.ts';
import { Template } from './template.ts';

/**
 * What one connection asks again and again. It owns the buffers of its requests and only changes the ids in them, so it
 * must have one operation at a time. An operation has one step, or two where the second needs what the first answered.
 */
export interface Exchange {
  /** The first request of operation `number`. */
  begin(number: number): Buffer;
  /** Says what is wrong with the answer to a step; undefined when it is as expected. */
  judge(step: number, status: number, body: Buffer): string | undefined;
  /** The second request, made from the first answer. */
  proceed?(body: Buffer): Buffer;
}

/** Digits of the running number in a business key and of a member's external id. */
export const ID_DIGITS = 10;
const MEMBER_DIGITS = 8;
const REDEMPTION_LENGTH = 'red_'.length + 13;
const REDEMPTION_START = Buffer.from('"red_');

export const slots = {
  id: '\x01'.repeat(ID_DIGITS),
  member: '\x02'.repeat(MEMBER_DIGITS),
  amount: '\x03'.repeat(4),
  redemption: '\x04'.repeat(REDEMPTION_LENGTH),
};

/** A pseudo-random function of a whole number (the finaliser of MurmurHash3): 0 <= result < 1. */
export function scatter(number: number): number {
  let hash = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** The member of an order: by turns or at random, as the stream wants it; the same seed gives the same. */
function memberOf({ first, count, choice }: Stream['members'], seed: number, number: number): number {
  const place = choice === 'in_turn' ? number % count : scatter(number + Math.imul(seed, 0x9e3779b1)) * count;
  return first + Math.floor(place);
}

/** A whole HTTP request as text, slots included. */
export function requestText(
  job: Pick<Job, 'key' | 'program'>,
  request: { method: string; path: string; headers?: readonly string[]; body?: string },
): string {
  const { method, path, headers = [], body } = request;
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${job.key}`,
    `fealty-program: ${job.program}`,
    ...headers,
  ];
  if (method !== 'GET') lines.push(`content-length: ${Buffer.byteLength(body ?? '', 'latin1')}`);
  if (body !== undefined) lines.push('content-type: application/json');
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

const orderText = (job: Job): string =>
  JSON.stringify({
    external_id: `${job.run}-SLOT_ID`,
    member: 'ext:SLOT_MEMBER',
    occurred_at: job.occurredAt,
    currency: 'USD',
    channel: 'web',
    lines: [{ id: '1', sku: 'SKU-1', category: 'books', quantity: 1, amount: 'SLOT_AMOUNT' }],
  })
    .replace('SLOT_ID', slots.id)
    .replace('SLOT_MEMBER', slots.member)
    .replace('SLOT_AMOUNT', slots.amount);

/** From 10.00 to 99.99, so that the text is always as long. */
const amountOf = (number: number): number => 1_000 + Math.floor(scatter(~number) * 9_000);

const unexpected = (status: number, body: Buffer): string => {
  const code = /"code":"(\w+)"/.exec(body.toString('latin1', 0, 2_000))?.[1];
  return code === undefined ? `${status}` : `${status} ${code}`;
};

function order(job: Job, members: Stream['members']): Exchange {
  const text = requestText(job, { method: 'POST', path: '/v1/orders', body: orderText(job) });
  const template = new Template(text, slots);
  return {
    begin(number) {
      template.write('id', 0, number);
      template.write('member', 0, memberOf(members, job.seed, number));
      template.write('amount', 0, amountOf(number));
      return template.bytes;
    },
    judge: (_step, status, body) => (status === 201 ? undefined : unexpected(status, body)),
  };
}

function bulk(job: Job, members: Stream['members'], rows: number): Exchange {
  const body = `{"orders":[${Array.from({ length: rows }, () => orderText(job)).join(',')}]}`;
  const headers = ['prefer: return=minimal'];
  const text = requestText(job, { method: 'POST', path: '/v1/orders/bulk', headers, body });
  const template = new Template(text, slots);
  const complete = Buffer.from(`{"created":${rows},`);
  return {
    begin(operation) {
      for (let row = 0; row < rows; row++) {
        const number = operation * rows + row;
        template.write('id', row, number);
        template.write('member', row, memberOf(members, job.seed, number));
        template.write('amount', row, amountOf(number));
      }
      return template.bytes;
    },
    judge(_step, status, answer) {
      if (status !== 200) return unexpected(status, answer);
      if (answer.subarray(0, complete.length).equals(complete)) return undefined;
      return `rows refused or known: ${answer.toString('latin1', 0, 60)}`;
    },
  };
}

function balance(job: Job, members: Stream['members']): Exchange {
  const path = `/v1/members/ext:${slots.member}/balances`;
  const template = new Template(requestText(job, { method: 'GET', path }), slots);
  return {
    begin(number) {
      template.write('member', 0, memberOf(members, job.seed, number));
      return template.bytes;
    },
    judge: (_step, status, body) => (status === 200 ? undefined : unexpected(status, body)),
  };
}

function redemption(job: Job, members: Stream['members']): Exchange {
  const external = `${job.run}-${slots.id}`;
  const body = `{"external_id":"${external}","member":"ext:${slots.member}","points":"1"}`;
  const hold = new Template(requestText(job, { method: 'POST', path: '/v1/redemptions', body }), slots);
  const path = `/v1/redemptions/${slots.redemption}/capture`;
  const headers = [`idempotency-key: ${external}`];
  const capture = new Template(requestText(job, { method: 'POST', path, headers }), slots);
  return {
    begin(number) {
      hold.write('id', 0, number);
      hold.write('member', 0, memberOf(members, job.seed, number));
      capture.write('id', 0, number);
      return hold.bytes;
    },
    judge: (_step, status, answer) => (status === 201 ? undefined : unexpected(status, answer)),
    proceed(answer) {
      capture.copy('redemption', 0, answer, answer.indexOf(REDEMPTION_START) + 1);
      return capture.bytes;
    },
  };
}

/** The exchange of one connection of a stream. */
export function exchangeOf(job: Job, { asks, members, rows }: Stream): Exchange {
  switch (asks) {
    case 'order':
      return order(job, members);
    case 'bulk':
      return bulk(job, members, rows);
    case 'balance':
      return balance(job, members);
    case 'redemption':
      return redemption(job, members);
  }
}
