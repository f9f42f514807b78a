import type { ASTNode } from '@marcbachmann/cel-js';
import { type Compilation, type Expression, faultOf, type Run } from './expression.ts';
import { didYouMean, nearest, reject } from './sentences.ts';
import {
  type AttributesVariable,
  ITEM_TEXT,
  LINE_VARIABLES,
  ROOTS,
  type Scalar,
  VARIABLES,
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
  const found = compilation.item?.name === steps[0]?.name ? inItem(compilation, steps) : inInput(steps);
  if (!found) return unknownName(compilation, node, steps);
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

function inInput(steps: Step[]): Named | undefined {
  for (const length of [1, 2]) {
    const path = steps.slice(0, length);
    const variable = path.some(step => step.isQuoted)
      ? undefined
      : VARIABLES.get(path.map(step => step.name).join('.'));
    if (!variable) continue;
    const [step, more] = steps.slice(length);
    if (step === undefined) return { variable };
    if (variable.type === 'attributes' && !more) return { variable, attribute: step.name };
  }
  return undefined;
}

/** Every path that may stand at this place. */
const pathsAt = ({ item }: Compilation): string[] => [
  ...(item?.of === 'line' ? [...LINE_VARIABLES.keys()].map(name => `${item.name}.${name}`) : []),
  ...(item?.of === 'text' ? [item.name] : []),
  ...VARIABLES.keys(),
];

function unknownName(compilation: Compilation, node: ASTNode, steps: Step[]): never {
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
  const whole = beginnings.find(path => VARIABLES.has(path));
  if (whole !== undefined) reject(node.start, beyond(whole, written, steps));
  const meant = nearest(written, paths) ?? byLastWord(written, paths) ?? nearest(written, ROOTS);
  const owner = steps.length === 2 ? `${steps[0]?.name}.attributes` : '';
  const elsewhere = VARIABLES.has(owner)
    ? ` What you send along yourself is under ${owner}: ${owner}.${steps[1]?.name}.`
    : ` Conditions know ${[...(compilation.item ? [compilation.item.name] : []), ...ROOTS].join(', ')}.`;
  return reject(node.start, `There is no "${written}".${didYouMean(meant) || elsewhere}`);
}

/** What is wrong with a path that goes on where a variable ends. */
function beyond(whole: string, written: string, steps: Step[]): string {
  if (steps.slice(0, whole.split('.').length).some(step => step.isQuoted))
    return `Brackets are for the names of attributes. Write ${whole}.`;
  return VARIABLES.get(whole)?.type === 'lines'
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
      return reject(node.start, 'Name the attribute, for example order.attributes.nights.');
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
  return { type: 'any', node, faults: true, run };
}

/** A number without decimals is a whole number, also when it came as JSON. */
const scalar = (value: Scalar): Scalar =>
  typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
