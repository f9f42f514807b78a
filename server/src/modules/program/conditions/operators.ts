import type { ASTNode } from '@marcbachmann/cel-js';
import {
  both,
  type Compilation,
  describe,
  type Expression,
  faultOf,
  isFault,
  quote,
  type Run,
  TYPE_NAMES,
  type Type,
  type Value,
} from './expression.ts';
import { didYouMean, nearest, reject } from './sentences.ts';
import { MOST_ATTRIBUTE, type Scalar } from './variables.ts';

/*
 * The operators. Each says which types it takes, and what it does with them exactly as CEL does: && and || hide a
 * fault of one side when the other decides; values of different types are different, not a fault.
 */

export const MAX_INT = 2n ** 63n - 1n;
export const MIN_INT = -(2n ** 63n);

type Binary<Op extends string> = Extract<ASTNode, { op: Op }>;

/** A literal; what CEL knows and conditions do not is refused. */
export function literal(node: ASTNode, value: unknown): Expression {
  const known = { node, faults: false, run: () => value as Scalar };
  switch (typeof value) {
    case 'boolean':
      return { ...known, type: 'bool', literal: value };
    case 'string':
      return { ...known, type: 'string', literal: value };
    case 'number':
      return { ...known, type: 'double', literal: value };
    case 'bigint':
      if (value > MAX_INT || value < MIN_INT)
        reject(node.start, `A whole number lies between ${MIN_INT} and ${MAX_INT}.`);
      return { ...known, type: 'int', literal: value, most: value < 0n ? -value : value };
  }
  return reject(
    node.start,
    value === null
      ? "Nothing is null in a condition: an unknown text is '', an unknown number 0."
      : 'Write texts and numbers without a letter before or after them.',
  );
}

// ------------------------------------------------------------------------------------------------ comparison

type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

export function comparison(compilation: Compilation, node: Binary<Comparison>): Expression {
  const left = compilation.expression(node.args[0]);
  const right = compilation.expression(node.args[1]);
  const isEquality = node.op === '==' || node.op === '!=';
  checkComparable(compilation, node, left, right);
  if (isEquality) {
    checkWord(compilation, left, right);
    checkWord(compilation, right, left);
    const wanted = node.op === '==';
    const run = both(left, right, (a, b) => equal(a, b) === wanted);
    return { type: 'bool', node, faults: left.faults || right.faults, run };
  }
  if (left.type === 'bool' || right.type === 'bool')
    reject(node.start, `${node.op} compares numbers and texts, not true and false.`);
  return ordering(compilation, node as Binary<'<'>, left, right);
}

/** Of a number that an activity declares nobody knows before it is there whether it has decimals. */
const isEither = (one: Type, other: Type): boolean =>
  one === 'number' && (other === 'int' || other === 'double');

/** Whether two values can be compared, as far as their types are known. */
export const areComparable = (one: Type, other: Type): boolean =>
  one === other || one === 'any' || other === 'any' || isEither(one, other) || isEither(other, one);

function checkComparable(compilation: Compilation, node: ASTNode, left: Expression, right: Expression): void {
  if (areComparable(left.type, right.type)) return;
  const int = [left, right].find(({ type }) => type === 'int');
  const double = [left, right].find(({ type }) => type === 'double');
  if (int && double) {
    const what = quote(compilation, int.node);
    reject(
      double.node.start,
      int.variable?.type === 'int' && int.variable.isMoney
        ? `${what} is in minor units (50.00 dollars are 5000). Compare it with a whole number, not with ${quote(compilation, double.node)}.`
        : `${what} is a whole number. Compare it with a number without decimals, not with ${quote(compilation, double.node)}.`,
    );
  }
  reject(
    node.start,
    `${describe(compilation, left)} cannot be compared with ${describe(compilation, right)}.`,
  );
}

/** A text that a variable can never be is a slip, not a condition. */
export function checkWord(compilation: Compilation, variable: Expression, literal: Expression): void {
  const word = literal.literal;
  if (variable.variable?.type !== 'string' || typeof word !== 'string') return;
  const path = quote(compilation, variable.node);
  const words = path === 'tier' ? compilation.tiers : variable.variable.words;
  if (!words || words.includes(word) || (path === 'tier' && word === '')) return;
  const known = words.map(one => `"${one}"`).join(', ');
  reject(
    literal.node.start,
    words.length === 0
      ? `This program has no tiers, so nobody is "${word}".`
      : `${path} is never "${word}".${didYouMean(nearest(word, words)) || ` It can be ${known}.`}`,
  );
}

/** Attributes bring whole numbers as bigint and others as number; both are numbers to a comparison. */
const isNumber = (value: Scalar): value is bigint | number =>
  typeof value === 'bigint' || typeof value === 'number';

// Between bigint and number, === is always false; >= and <= compare them exactly.
export const equal = (a: Scalar, b: Scalar): boolean =>
  a === b || (isNumber(a) && isNumber(b) && a >= b && a <= b);

function ordering(
  compilation: Compilation,
  node: Binary<'<' | '<=' | '>' | '>='>,
  left: Expression,
  right: Expression,
): Expression {
  const test = ORDERINGS[node.op];
  const faults = left.faults || right.faults;
  const bool = (run: Run, mayFail = faults): Expression => ({ type: 'bool', node, faults: mayFail, run });
  if (left.type !== 'any' && right.type !== 'any')
    return left.type === 'string'
      ? bool(both(left, right, (a, b) => test(byCodePoint(a as string, b as string), 0)))
      : bool(both(left, right, test as (a: Scalar, b: Scalar) => boolean));
  const attribute = left.type === 'any' ? left : right;
  const other = attribute === left ? right : left;
  const wanted = { string: 'text', int: 'a number', double: 'a number' } as Partial<Record<Type, string>>;
  const what = `is not ${wanted[other.type] ?? 'of the type that it is compared with'}`;
  const wrong = faultOf(compilation, attribute.node, 'wrong_type', what);
  const compare = (a: Scalar, b: Scalar): Value => {
    if (isNumber(a) && isNumber(b)) return test(a, b);
    if (typeof a !== typeof b) return wrong;
    return typeof a === 'string' ? test(byCodePoint(a, b as string), 0) : test(Number(a), Number(b));
  };
  return bool(both(left, right, compare), true);
}

type Number_ = bigint | number;

const ORDERINGS: Readonly<Record<'<' | '<=' | '>' | '>=', (a: Number_, b: Number_) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** CEL orders texts by code points; JavaScript by UTF-16, which places emoji before some other letters. */
function byCodePoint(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return raised(x) - raised(y);
  }
  return a.length - b.length;
}

/** A UTF-16 unit, with the halves of the code points above 0xFFFF above all others. */
const raised = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

// ----------------------------------------------------------------------------------------------- calculation

type Calculation = '+' | '-' | '*';

const CALCULATIONS: Readonly<
  Record<Calculation, { of: (a: bigint, b: bigint) => bigint; most: (a: bigint, b: bigint) => bigint }>
> = {
  '+': { of: (a, b) => a + b, most: (a, b) => a + b },
  '-': { of: (a, b) => a - b, most: (a, b) => a + b },
  '*': { of: (a, b) => a * b, most: (a, b) => a * b },
};

const mostOf = ({ most, type }: Expression): bigint => most ?? (type === 'any' ? MOST_ATTRIBUTE : 0n);

export function calculation(compilation: Compilation, node: Binary<Calculation>): Expression {
  const left = compilation.expression(node.args[0]);
  const right = compilation.expression(node.args[1]);
  for (const side of [left, right])
    if (side.type !== 'int' && side.type !== 'any')
      reject(
        side.node.start,
        `${node.op} calculates with whole numbers, and ${quote(compilation, side.node)} is ${TYPE_NAMES[side.type]}.`,
      );
  if (left.type === 'any' && right.type === 'any')
    reject(node.start, `${node.op} needs a whole number on one side; both are attributes of any type here.`);
  const { of, most: bound } = CALCULATIONS[node.op];
  const most = bound(mostOf(left), mostOf(right));
  if (most > MAX_INT)
    reject(
      node.start,
      `${quote(compilation, node)} can become larger than ${MAX_INT}, the largest number of conditions.`,
    );
  const overflow = faultOf(compilation, node, 'overflow', `needs more than ${MAX_INT}`);
  const attribute = left.type === 'any' ? left : right;
  const wrong = faultOf(compilation, attribute.node, 'wrong_type', 'is not a whole number');
  const run = both(left, right, (a, b) => {
    if (typeof a !== 'bigint' || typeof b !== 'bigint') return wrong;
    const result = of(a, b);
    return result > MAX_INT || result < MIN_INT ? overflow : result;
  });
  return { type: 'int', node, faults: true, most, run };
}

/** -x of a whole number; the minus of a literal belongs to it. */
export function negation(compilation: Compilation, node: Binary<'-_'>): Expression {
  const inner = node.args;
  if (inner.op === 'value' && (typeof inner.args === 'bigint' || typeof inner.args === 'number'))
    return literal(node, -inner.args);
  const value = compilation.expression(inner);
  if (value.type !== 'int')
    reject(node.start, `- turns the sign of a whole number, and this is ${TYPE_NAMES[value.type]}.`);
  const overflow = faultOf(compilation, node, 'overflow', `needs more than ${MAX_INT}`);
  const { run } = value;
  const turned: Run = (input, item) => {
    const x = run(input, item);
    return isFault(x) ? x : x === MIN_INT ? overflow : -(x as bigint);
  };
  return { type: 'int', node, faults: true, most: mostOf(value), run: turned };
}

// ------------------------------------------------------------------------------------------------------ logic

/** `a && b && c` or `a || b || c`: the parts of a chain from left to right, whatever their number. */
function chain(node: ASTNode, op: '&&' | '||'): ASTNode[] {
  const parts: ASTNode[] = [];
  let rest = node;
  while (rest.op === op) {
    parts.push(rest.args[1]);
    rest = rest.args[0];
  }
  return [...parts, rest].reverse();
}

export function logic(compilation: Compilation, node: Binary<'&&' | '||'>): Expression {
  const parts = chain(node, node.op).map(part => boolean(compilation, part, `on both sides of ${node.op}`));
  const runs = parts.map(part => part.run);
  const decisive = node.op === '||';
  const faults = parts.some(part => part.faults);
  const type = 'bool';
  const [first, second] = runs as [Run, Run];
  if (faults) return { type, node, faults, run: decidedBy(runs, decisive) };
  if (runs.length === 2 && decisive)
    return { type, node, faults, run: (input, item) => first(input, item) || second(input, item) };
  if (runs.length === 2)
    return { type, node, faults, run: (input, item) => first(input, item) && second(input, item) };
  const run: Run = (input, item) => {
    for (const part of runs) if (part(input, item) === decisive) return decisive;
    return !decisive;
  };
  return { type, node, faults, run };
}

/** The decisive value of any part wins over the faults of others, on whichever side; as CEL wants it. */
const decidedBy =
  (runs: readonly Run[], decisive: boolean): Run =>
  (input, item) => {
    let fault: Value | undefined;
    for (const run of runs) {
      const value = run(input, item);
      if (value === decisive) return decisive;
      if (value !== !decisive) fault ??= value;
    }
    return fault ?? !decisive;
  };

/** An expression where true or false is wanted; an attribute that is something else is a fault. */
export function boolean(compilation: Compilation, node: ASTNode, place: string): Expression {
  const value = compilation.expression(node);
  if (value.type === 'bool') return value;
  if (value.type !== 'any')
    reject(
      node.start,
      `${quote(compilation, node)} is ${TYPE_NAMES[value.type]}; ${place} stands something that is true or false.`,
    );
  const wrong = faultOf(compilation, node, 'wrong_type', 'is not true or false');
  const { run } = value;
  const checked: Run = (input, item) => {
    const x = run(input, item);
    return typeof x === 'boolean' || isFault(x) ? x : wrong;
  };
  return { type: 'bool', node, faults: true, run: checked };
}

export function not(compilation: Compilation, node: Binary<'!_'>): Expression {
  const { run, faults } = boolean(compilation, node.args, 'after !');
  const turned: Run = (input, item) => {
    const x = run(input, item);
    return isFault(x) ? x : !x;
  };
  return { type: 'bool', node, faults, run: turned };
}

export function choice(compilation: Compilation, node: Binary<'?:'>): Expression {
  const condition = boolean(compilation, node.args[0], 'before ?');
  const yes = compilation.expression(node.args[1]);
  const no = compilation.expression(node.args[2]);
  const isAny = yes.type === 'any' || no.type === 'any';
  if (yes.type !== no.type && !isAny)
    reject(
      node.args[1].start,
      `Both values of ? : have one type, but here are ${describe(compilation, yes)} and ${describe(compilation, no)}.`,
    );
  const run: Run = (input, item) => {
    const x = condition.run(input, item);
    return isFault(x) ? x : (x ? yes : no).run(input, item);
  };
  const most = mostOf(yes) > mostOf(no) ? mostOf(yes) : mostOf(no);
  const faults = condition.faults || yes.faults || no.faults;
  return { type: isAny ? 'any' : yes.type, node, faults, most, run };
}
