import { readFileSync } from 'node:fs';
import type { ConditionInput } from '../../src/modules/program/conditions/variables.ts';

/*
 * The golden vectors of conditions, and inputs made from the one that they share.
 */

type Json = string | number | bigint | boolean | readonly Json[] | { readonly [key: string]: Json };
type Fields = { readonly [key: string]: Json };

export interface Vector {
  readonly condition: string;
  /** What differs from the common input; objects are merged, but for attributes. */
  readonly input?: Fields;
  readonly expect: boolean | 'fault';
}

export interface RefusedVector {
  readonly condition: string;
  readonly at: number;
}

const GOLDEN = new URL('../../src/modules/program/conditions/golden.json', import.meta.url);

export const golden = JSON.parse(readFileSync(GOLDEN, 'utf8')) as {
  readonly input: Fields;
  readonly vectors: readonly Vector[];
  readonly refused: readonly RefusedVector[];
};

/** The common input with some of it replaced. Amounts are text, as everywhere on the wire. */
export function inputWith(fields: Fields): ConditionInput {
  const merged = merge(golden.input, fields) as unknown as ConditionInput;
  const { order } = merged;
  return {
    ...merged,
    order: {
      ...order,
      total: BigInt(order.total),
      lines: order.lines.map(line => ({ ...line, amount: BigInt(line.amount) })),
    },
  };
}

function merge(base: Fields, fields: Fields): Fields {
  const result: Record<string, Json> = { ...base };
  for (const [name, value] of Object.entries(fields)) {
    const old = base[name];
    const isGroup = typeof old === 'object' && !Array.isArray(old) && name !== 'attributes';
    result[name] = isGroup ? merge(old as Fields, value as Fields) : value;
  }
  return result;
}

export const HOTEL = inputWith({});
