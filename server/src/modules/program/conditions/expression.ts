import type { ASTNode } from '@marcbachmann/cel-js';
import type { Scope } from './scopes.ts';
import type { ConditionReads, Inputs, Item, Scalar, Variable } from './variables.ts';

/** Why a condition has no answer for an input. It then counts as not matched. */
export interface ConditionFault {
  /** An attribute is missing, has another type than the condition takes it for, or a result needs more than 64 bits. */
  readonly code: 'missing' | 'wrong_type' | 'overflow';
  /** A short sentence without values of the input, to be recorded with the decision. */
  readonly reason: string;
  /** Where in the text of the condition. */
  readonly at: number;
}

export type Value = Scalar | ConditionFault;

/** `any` is an attribute, whose type is known when it is there; `number` one that is declared as a number, whole or not. */
export type Type = 'bool' | 'int' | 'double' | 'number' | 'string' | 'any';

/** A part of a condition, checked and ready to run. */
export interface Expression {
  readonly type: Type;
  readonly node: ASTNode;
  /** Whether it can have a fault. What cannot is run without looking for one. */
  readonly faults: boolean;
  /** The value of a literal. */
  readonly literal?: Scalar;
  /** Of whole numbers: the largest that it can be, up or down. */
  readonly most?: bigint;
  /** The variable that it is. */
  readonly variable?: Variable;
  readonly run: Run;
}

export type Run = (input: Inputs, item: Item) => Value;

/** What is known while a condition is compiled. */
export interface Compilation {
  readonly text: string;
  readonly tiers: readonly string[] | undefined;
  /** What it may read. */
  readonly scope: Scope;
  readonly reads: Set<ConditionReads>;
  /** What `exists`, `all` or `exists_one` go through at this place. */
  item: { readonly name: string; readonly of: 'line' | 'text' } | null;
  expression(node: ASTNode): Expression;
}

export const isFault = (value: Value): value is ConditionFault => typeof value === 'object';

const SHORT = 40;

/** The part of the text that a node is, for a sentence. */
export function quote({ text }: Compilation, { start, end }: ASTNode): string {
  const part = text.slice(start, end).replaceAll(/\s+/g, ' ');
  return part.length <= SHORT ? part : `${part.slice(0, SHORT - 1)}…`;
}

export const TYPE_NAMES: Readonly<Record<Type, string>> = {
  bool: 'true or false',
  int: 'a whole number',
  double: 'a number with decimals',
  number: 'a number',
  string: 'text',
  any: 'an attribute',
};

/** "order.total (a whole number)" */
export const describe = (compilation: Compilation, { node, type }: Expression): string =>
  `${quote(compilation, node)} (${TYPE_NAMES[type]})`;

/** A fault of a part of the text; made once, when the condition is compiled. */
export const faultOf = (
  compilation: Compilation,
  node: ASTNode,
  code: ConditionFault['code'],
  what: string,
): ConditionFault => Object.freeze({ code, reason: `${quote(compilation, node)} ${what}.`, at: node.start });

/** Runs both sides and gives them to `of`, unless one has a fault. */
export function both(a: Expression, b: Expression, of: (a: Scalar, b: Scalar) => Value): Run {
  const left = a.run;
  const right = b.run;
  if (!a.faults && !b.faults)
    return (input, item) => of(left(input, item) as Scalar, right(input, item) as Scalar);
  return (input, item) => {
    const x = left(input, item);
    if (isFault(x)) return x;
    const y = right(input, item);
    return isFault(y) ? y : of(x, y);
  };
}
