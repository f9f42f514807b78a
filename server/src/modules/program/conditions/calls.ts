import type { ASTNode } from '@marcbachmann/cel-js';
import {
  both,
  type Compilation,
  type Expression,
  faultOf,
  isFault,
  quote,
  type Run,
  TYPE_NAMES,
} from './expression.ts';
import { checkDeclared, type Named, named } from './names.ts';
import { areComparable, boolean, checkWord, literal, negation } from './operators.ts';
import { didYouMean, nearest, reject } from './sentences.ts';
import { type Inputs, type Item, ROOTS, type Scalar } from './variables.ts';

/*
 * Functions, `in`, and what goes through lists.
 */

type Call = Extract<ASTNode, { op: 'call' | 'rcall' }>;

interface Parts {
  readonly name: string;
  /** What stands before the point. */
  readonly of: ASTNode | undefined;
  readonly args: readonly ASTNode[];
}

const FUNCTIONS = ['size', 'has', 'startsWith', 'endsWith', 'contains', 'exists', 'all', 'exists_one'];

const NOT_ALLOWED: ReadonlyMap<string, string> = new Map([
  [
    'matches',
    'Regular expressions (matches) are not part of conditions, because some run for ever. Use startsWith, endsWith or contains.',
  ],
  ['map', 'map is not part of conditions. Ask with exists, all or exists_one.'],
  ['not', 'Write ! for "not".'],
  ['filter', 'filter is not part of conditions. Ask with exists, all or exists_one.'],
]);

export function call(compilation: Compilation, node: Call): Expression {
  const parts: Parts =
    node.op === 'call'
      ? { name: node.args[0], of: undefined, args: node.args[1] }
      : { name: node.args[0], of: node.args[1], args: node.args[2] };
  switch (parts.name) {
    case 'size':
      return size(compilation, node, parts);
    case 'has':
      return has(compilation, node, parts);
    case 'startsWith':
    case 'endsWith':
    case 'contains':
      return textTest(compilation, node, parts);
    case 'exists':
    case 'all':
    case 'exists_one':
      return quantifier(compilation, node, parts);
  }
  const unknown = `There is no function "${parts.name}".${
    didYouMean(nearest(parts.name, FUNCTIONS)) || ` Conditions know ${FUNCTIONS.join(', ')}.`
  }`;
  return reject(nameAt(compilation, node, parts), NOT_ALLOWED.get(parts.name) ?? unknown);
}

/** Where the name of a function stands; of a method, behind what it is called on. */
const nameAt = ({ text }: Compilation, node: Call, { name, of }: Parts): number =>
  text.indexOf(name, of?.end ?? node.start);

// -------------------------------------------------------------------------------------------- size, has, texts

function size(compilation: Compilation, node: Call, { of, args }: Parts): Expression {
  const what = of ?? args[0];
  if (!what || args.length !== (of ? 0 : 1))
    reject(node.start, 'Write size(order.lines), with one thing to count.');
  const counted = named(compilation, what);
  if (counted && counted.attribute === undefined) {
    const { variable } = counted;
    if (variable.type === 'lines' || variable.type === 'strings')
      return sized(node, input => BigInt(variable.read(input).length));
    if (variable.type === 'attributes')
      return sized(node, input => BigInt(Object.keys(variable.read(input)).length));
  }
  const text = compilation.expression(what);
  if (text.type !== 'string' && text.type !== 'any')
    reject(
      what.start,
      `size counts texts and lists, and ${quote(compilation, what)} is ${TYPE_NAMES[text.type]}.`,
    );
  const wrong = faultOf(compilation, what, 'wrong_type', 'is not text');
  const run: Run = (input, item) => {
    const x = text.run(input, item);
    return typeof x === 'string' ? BigInt(codePoints(x)) : isFault(x) ? x : wrong;
  };
  return sized(node, run, text.faults);
}

const sized = (node: ASTNode, run: Run, faults = false): Expression => ({
  type: 'int',
  node,
  faults,
  most: 1_000_000n,
  run,
});

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function has(compilation: Compilation, node: Call, { of, args }: Parts): Expression {
  const [what, more] = args;
  if (of || !what || more)
    reject(node.start, `Write has(${compilation.scope.examples.attribute}), with one attribute.`);
  const found = named(compilation, what);
  if (found?.attribute === undefined || what.op !== '.')
    return reject(
      what.start,
      found?.attribute !== undefined
        ? `Write "${found.attribute}" in ${quote(compilation, what).replace(/\[.*/, '')}.`
        : `has asks whether an attribute is there: has(${compilation.scope.examples.attribute}). Everything else always is, as '' or 0 or an empty list.`,
    );
  return { type: 'bool', node, faults: false, run: hasKey(found) };
}

const hasKey =
  ({ variable, attribute }: Extract<Named, { attribute: string }>): Run =>
  input =>
    Object.hasOwn(variable.read(input), attribute);

const TEXT_TESTS: Readonly<Record<string, (text: string, part: string) => boolean>> = {
  startsWith: (text, part) => text.startsWith(part),
  endsWith: (text, part) => text.endsWith(part),
  contains: (text, part) => text.includes(part),
};

function textTest(compilation: Compilation, node: Call, { name, of, args }: Parts): Expression {
  if (!of || args.length !== 1)
    reject(node.start, `Write ${compilation.scope.examples.text}.${name}("app"), with one text.`);
  const text = compilation.expression(of);
  const part = compilation.expression(args[0] as ASTNode);
  for (const side of [text, part])
    if (side.type !== 'string' && side.type !== 'any')
      reject(
        side.node.start,
        `${name} looks into texts, and ${quote(compilation, side.node)} is ${TYPE_NAMES[side.type]}.`,
      );
  const wrong = faultOf(compilation, node, 'wrong_type', 'looks into something that is not text');
  const test = TEXT_TESTS[name] as (text: string, part: string) => boolean;
  const run = both(text, part, (a, b) =>
    typeof a === 'string' && typeof b === 'string' ? test(a, b) : wrong,
  );
  return { type: 'bool', node, faults: text.faults || part.faults, run };
}

// --------------------------------------------------------------------------------------------------------- in

export function membership(compilation: Compilation, node: Extract<ASTNode, { op: 'in' }>): Expression {
  const [what, where] = node.args;
  const one = compilation.expression(what);
  if (where.op === 'list') return inList(compilation, node, one, where.args);
  const found = named(compilation, where);
  if (!found || found.attribute !== undefined)
    return reject(where.start, `To the right of "in" stands a list: ${compilation.scope.examples.list}.`);
  const { variable } = found;
  if (variable.type !== 'strings' && variable.type !== 'attributes')
    return reject(
      where.start,
      variable.type === 'lines'
        ? 'Write order.lines.exists(line, line.category == "shoes") to look into the lines.'
        : `To the right of "in" stands a list, and ${quote(compilation, where)} is ${TYPE_NAMES[variable.type]}.`,
    );
  if (one.type !== 'string')
    reject(
      what.start,
      `${quote(compilation, where)} holds texts, and ${quote(compilation, what)} is not text.`,
    );
  if (variable.type === 'attributes' && typeof one.literal === 'string')
    checkDeclared(what, variable, one.literal);
  const holds = (input: Inputs, x: string): boolean =>
    variable.type === 'strings' ? variable.read(input).includes(x) : Object.hasOwn(variable.read(input), x);
  const run: Run = (input, item) => {
    const x = one.run(input, item);
    return isFault(x) ? x : holds(input, x as string);
  };
  return { type: 'bool', node, faults: one.faults, run };
}

function inList(
  compilation: Compilation,
  node: ASTNode,
  one: Expression,
  elements: readonly ASTNode[],
): Expression {
  const values = elements.map(element => listed(compilation, element));
  for (const value of values) {
    if (value.type !== values[0]?.type)
      reject(value.node.start, 'The values of a list are all texts, or all whole numbers.');
    if (!areComparable(one.type, value.type))
      reject(
        value.node.start,
        `${quote(compilation, one.node)} is ${TYPE_NAMES[one.type]}, and this is ${TYPE_NAMES[value.type]}.`,
      );
    checkWord(compilation, one, value);
  }
  const known = new Set(values.map(value => exact(value.literal as Scalar)));
  const run: Run = (input, item) => {
    const x = one.run(input, item);
    return isFault(x) ? x : known.has(exact(x));
  };
  return { type: 'bool', node, faults: one.faults, run };
}

/** A value between the brackets of a list. It is no step of its own: a list is looked up at once. */
function listed(compilation: Compilation, node: ASTNode): Expression {
  if (node.op === 'value') return literal(node, node.args);
  if (node.op === '-_' && node.args.op === 'value') return negation(compilation, node);
  return reject(node.start, 'A list holds texts or numbers as they are, nothing to be worked out.');
}

/** 3 and 3.0 are one number. */
const exact = (value: Scalar): Scalar =>
  typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;

// ----------------------------------------------------------------------------------- exists, all, exists_one

type Test = (input: Inputs, item: Item) => ReturnType<Run>;

function quantifier(compilation: Compilation, node: Call, { name, of, args }: Parts): Expression {
  const { lists } = compilation.scope;
  if (lists.length === 0) return reject(node.start, `${name} goes through lists, and there are none here.`);
  const [variable, predicate] = args;
  if (!of || variable?.op !== 'id' || !predicate || args.length !== 2)
    return reject(node.start, `Write order.lines.${name}(line, line.category == "shoes").`);
  if (compilation.item)
    reject(
      node.start,
      `${name} cannot stand inside exists, all or exists_one, because nested it could run for long.`,
    );
  if (ROOTS.includes(variable.args))
    reject(
      variable.start,
      `"${variable.args}" is a variable already. Give the ${name} another name, for example line.`,
    );
  const found = named(compilation, of);
  if (
    !found ||
    found.attribute !== undefined ||
    (found.variable.type !== 'lines' && found.variable.type !== 'strings')
  )
    return reject(
      of.start,
      `${name} goes through ${lists.join(' or ')}, not through ${quote(compilation, of)}.`,
    );
  compilation.item = { name: variable.args, of: found.variable.type === 'lines' ? 'line' : 'text' };
  const test = boolean(compilation, predicate, 'in the parentheses');
  compilation.item = null;
  const read = found.variable.read as (input: Inputs) => readonly Item[];
  const ask = name === 'exists_one' ? exactlyOne : name === 'exists' ? anyOf : everyOne;
  return { type: 'bool', node, faults: test.faults, run: input => ask(read(input), input, test.run) };
}

/** One true is enough, whatever faults there are; else a fault is the answer. */
function anyOf(items: readonly Item[], input: Inputs, test: Test): ReturnType<Run> {
  let answer: ReturnType<Run> = false;
  for (const item of items) {
    const value = test(input, item);
    if (value === true) return true;
    if (value !== false && answer === false) answer = value;
  }
  return answer;
}

/** One false is enough, whatever faults there are; else a fault is the answer. */
function everyOne(items: readonly Item[], input: Inputs, test: Test): ReturnType<Run> {
  let answer: ReturnType<Run> = true;
  for (const item of items) {
    const value = test(input, item);
    if (value === false) return false;
    if (value !== true && answer === true) answer = value;
  }
  return answer;
}

/** Counts, so that any fault is the answer. */
function exactlyOne(items: readonly Item[], input: Inputs, test: Test): ReturnType<Run> {
  let count = 0;
  for (const item of items) {
    const value = test(input, item);
    if (isFault(value)) return value;
    if (value === true) count++;
  }
  return count === 1;
}
