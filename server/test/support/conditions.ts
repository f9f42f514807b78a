import { readFileSync } from 'node:fs';
import { Environment } from '@marcbachmann/cel-js';
import type { AttributeType } from '../../src/modules/program/activities.section.ts';
import type { ActivityInput, ConditionInput } from '../../src/modules/program/conditions/variables.ts';

/*
 * The golden vectors of conditions, inputs made from the one that they share, and another engine for CEL.
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
  readonly of_rules: { readonly refused: readonly RefusedVector[] };
  readonly of_activities: {
    readonly attributes: Readonly<Record<string, AttributeType>>;
    readonly input: ActivityInput;
    readonly vectors: readonly (Omit<Vector, 'input'> & { readonly attributes?: Attributes })[];
    readonly refused: readonly RefusedVector[];
  };
};

type Attributes = ActivityInput['activity']['attributes'];

/** What the common activity has its conditions judged by, with other attributes. */
export function activityWith(attributes?: Attributes): ActivityInput {
  const { activity, time } = golden.of_activities.input;
  return { time, activity: { ...activity, attributes: attributes ?? activity.attributes } };
}

/** The common input with some of it replaced. Amounts are text, as everywhere on the wire. */
export function inputWith(fields: Fields): ConditionInput {
  const merged = merge(golden.input, fields) as unknown as ConditionInput;
  const { order, member } = merged;
  return {
    ...merged,
    member: { ...member, spend: BigInt(member.spend) },
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

const witness = new Environment()
  .registerVariable('order', 'map<string, dyn>')
  .registerVariable('member', 'map<string, dyn>')
  .registerVariable('activity', 'map<string, dyn>')
  .registerVariable('time', 'map<string, dyn>')
  .registerVariable('tier', 'string');

/** What the evaluator of a library for CEL says: our own compiler shares its parser, but nothing behind it. */
export function witnessed(condition: string, input: ConditionInput | ActivityInput): unknown {
  const run = witness.parse(condition);
  try {
    return run(celValue(input) as Record<string, unknown>);
  } catch {
    return 'fault';
  }
}

/** Whole numbers as CEL's int, which is bigint to the witness. */
function celValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, celValue(inner)]));
}
