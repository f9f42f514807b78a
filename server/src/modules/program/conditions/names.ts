import type { ASTNode } from '@marcbachmann/cel-js';
import type { AttributeType } from '../activities.section.ts';
import { type Compilation, type Expression, faultOf, isFault, type Run, type Type } from './expression.ts';
import type { Scope } from './scopes.ts';
import { didYouMean, nearest, reject } from './sentences.ts';
import {
  type AttributesVariable,
  ITEM_TEXT,
  LINE_VARIABLES,
  MOST_ATTRIBUTE,
  type Scalar,
  type Variable,
} from './variables.ts';

/*
 * What a path such as order.total or order.attributes.nights stands for.
 */

type Step = { readonly name: string; readonly isQuoted: boolean };

/** What a path stands for: a variable, or one attribute of those that the variable holds. */
export type Named =
  | { readonly variable: Variable; readonly attribute?: never }
  | { readonly variable: AttributesVariable; readonly attribute: string };

const isPath = ({ op }: ASTNode): boolean => op === 'id' || op === '.' || op === '[]';

/** What a path stands for, or undefined for anything that is not a path. */
export function named(compilation: Compilation, node: ASTNode): Named | undefined {
  if (!isPath(node)) return undefined;
  const steps = stepsOf(node);
  const found =
    compilation.item?.name === steps[0]?.name ? inItem(compilation, steps) : inInput(compilation, steps);
  if (!found) return unknownName(compilation, node, steps);
  if (found.attribute !== undefined) checkDeclared(node, found.variable, found.attribute);
  for (const what of found.variable.reads) compilation.reads.add(what);
  return found;
}

function stepsOf(node: ASTNode): Step[] {
  switch (node.op) {
    case 'id':
      return [{ name: node.args, isQuoted: false }];
    case '.':
      return [...stepsOf(node.args[0]), { name: node.args[1], isQuoted: false }];
    case '[]': {
      const [, key] = node.args;
      if (key.op !== 'value' || typeof key.args !== 'string')
        return reject(
          key.start,
          `In brackets stands the name of an attribute in quotes: order.attributes["room type"].`,
        );
      return [...stepsOf(node.args[0]), { name: key.args, isQuoted: true }];
    }
  }
  return reject(node.start, 'Before the point stands the name of a variable, for example order.total.');
}

function inItem({ item }: Compilation, [, ...steps]: Step[]): Named | undefined {
  if (item?.of === 'text') return steps.length === 0 ? { variable: ITEM_TEXT } : undefined;
  const [field, more] = steps;
  const variable = field && !field.isQuoted && !more ? LINE_VARIABLES.get(field.name) : undefined;
  return variable && { variable };
}

function inInput({ scope }: Compilation, steps: Step[]): Named | undefined {
  for (const length of [1, 2]) {
    const path = steps.slice(0, length);
    const variable = path.some(step => step.isQuoted)
      ? undefined
      : scope.variables.get(path.map(step => step.name).join('.'));
    if (!variable) continue;
    const [step, more] = steps.slice(length);
    if (step === undefined) return { variable };
    if (variable.type === 'attributes' && !more) return { variable, attribute: step.name };
  }
  return undefined;
}

/** An attribute that nothing can carry is a slip. */
export function checkDeclared(node: ASTNode, { declared }: AttributesVariable, name: string): void {
  if (declared === undefined || declared.types.has(name)) return;
  const known = [...declared.types.keys()];
  reject(
    node.start,
    known.length === 0
      ? `${declared.by} has no attributes.`
      : `${declared.by} has no attribute "${name}".${
          didYouMean(nearest(name, known)) || ` Its attributes are ${known.join(', ')}.`
        }`,
  );
}

/** Every path that may stand at this place. */
const pathsAt = ({ item, scope }: Compilation): string[] => [
  ...(item?.of === 'line' ? [...LINE_VARIABLES.keys()].map(name => `${item.name}.${name}`) : []),
  ...(item?.of === 'text' ? [item.name] : []),
  ...scope.variables.keys(),
];

function unknownName(compilation: Compilation, node: ASTNode, steps: Step[]): never {
  const { scope, item } = compilation;
  const root = steps[0]?.name as string;
  const isKnown = root === item?.name || scope.roots.includes(root);
  const elsewhere = isKnown ? undefined : scope.elsewhere(root);
  if (elsewhere !== undefined) reject(node.start, elsewhere);
  const written = steps.map(step => step.name).join('.');
  const paths = pathsAt(compilation);
  const inside = paths.filter(path => path.startsWith(`${written}.`));
  if (inside.length > 0)
    reject(node.start, `"${written}" is not a value by itself. Write one of ${inside.join(', ')}.`);
  const beginnings = steps.map((_, i) =>
    steps
      .slice(0, i + 1)
      .map(step => step.name)
      .join('.'),
  );
  const whole = beginnings.find(path => scope.variables.has(path));
  if (whole !== undefined) reject(node.start, beyond(scope, whole, written, steps));
  const meant = nearest(written, paths) ?? byLastWord(written, paths) ?? nearest(written, scope.roots);
  const owner = steps.length === 2 ? `${root}.attributes` : '';
  const known = scope.variables.has(owner)
    ? ` What you send along yourself is under ${owner}: ${owner}.${steps[1]?.name}.`
    : ` Conditions know ${[...(item ? [item.name] : []), ...scope.roots].join(', ')}.`;
  return reject(node.start, `There is no "${written}".${didYouMean(meant) || known}`);
}

/** What is wrong with a path that goes on where a variable ends. */
function beyond({ variables }: Scope, whole: string, written: string, steps: Step[]): string {
  if (steps.slice(0, whole.split('.').length).some(step => step.isQuoted))
    return `Brackets are for the names of attributes. Write ${whole}.`;
  return variables.get(whole)?.type === 'lines'
    ? 'order.lines is a list. Write for example order.lines.exists(line, line.category == "shoes").'
    : `"${whole}" has nothing inside that "${written}" could be.`;
}

/** "channel" for order.channel. */
const byLastWord = (written: string, paths: readonly string[]): string | undefined =>
  paths.find(path => path.split('.').at(-1) === written.split('.').at(-1));

/** A path as a part of a condition. */
export function pathExpression(compilation: Compilation, node: ASTNode): Expression {
  const { variable, attribute } = named(compilation, node) as Named;
  if (attribute !== undefined) return attributeExpression(compilation, node, variable, attribute);
  switch (variable.type) {
    case 'string':
      return {
        type: 'string',
        node,
        faults: false,
        variable,
        run: (input, item) => variable.read(input, item),
      };
    case 'int':
      return { type: 'int', node, faults: false, variable, most: variable.most, run: variable.read };
    case 'strings':
      return reject(node.start, 'member.segments is a list. Write for example "vip" in member.segments.');
    case 'lines':
      return reject(
        node.start,
        'order.lines is a list. Write for example order.lines.exists(line, line.category == "shoes").',
      );
    case 'attributes':
      return reject(node.start, `Name the attribute, for example ${compilation.scope.examples.attribute}.`);
  }
}

function attributeExpression(
  compilation: Compilation,
  node: ASTNode,
  variable: AttributesVariable,
  name: string,
): Expression {
  const missing = faultOf(compilation, node, 'missing', 'is missing');
  const run: Run = input => {
    const attributes = variable.read(input);
    return Object.hasOwn(attributes, name) ? scalar(attributes[name] as Scalar) : missing;
  };
  const declared = variable.declared?.types.get(name);
  if (declared === undefined) return { type: 'any', node, faults: true, run };
  const { type, is, what } = DECLARED[declared];
  const wrong = faultOf(compilation, node, 'wrong_type', `is not ${what}`);
  // What was sent under another version can be of another type than this one declares.
  const typed: Run = (input, item) => {
    const value = run(input, item);
    return isFault(value) || is(value) ? value : wrong;
  };
  return { type, node, faults: true, run: typed, ...(type === 'int' && { most: MOST_ATTRIBUTE }) };
}

const DECLARED: Readonly<Record<AttributeType, { type: Type; is(value: Scalar): boolean; what: string }>> = {
  text: { type: 'string', is: value => typeof value === 'string', what: 'text' },
  integer: { type: 'int', is: value => typeof value === 'bigint', what: 'a whole number' },
  number: {
    type: 'number',
    is: value => typeof value !== 'string' && typeof value !== 'boolean',
    what: 'a number',
  },
  boolean: { type: 'bool', is: value => typeof value === 'boolean', what: 'true or false' },
};

/** A number without decimals is a whole number, also when it came as JSON. */
const scalar = (value: Scalar): Scalar =>
  typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
