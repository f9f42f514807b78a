import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import type { AttributeType } from '../activities.section.ts';
import { MAX_CONDITION } from '../fields.ts';
import { call, membership } from './calls.ts';
import type { Compilation, ConditionFault, Expression } from './expression.ts';
import { pathExpression } from './names.ts';
import { calculation, choice, comparison, literal, logic, negation, not } from './operators.ts';
import { OF_CAMPAIGNS, OF_ORDER_RULES, ofActivity, type Scope } from './scopes.ts';
import { Refused, reject, syntaxMistake } from './sentences.ts';
import type { ActivityInput, ConditionInput, ConditionReads, Inputs, Item, OrderInput } from './variables.ts';

export type { ConditionFault } from './expression.ts';
export type { ActivityInput, ConditionInput, ConditionReads, OrderInput } from './variables.ts';

/*
 * Conditions: a closed, typed subset of CEL. The text is read by a parser of CEL; what is in the subset is written
 * out here and beside, part by part, and everything else is refused. Nothing in it can divide, recurse or loop, but
 * for one pass over the lines of an order, so that a condition ends after at most 200 steps for each line.
 * Published programs are compiled again at each start: what was accepted once stays accepted and means the same.
 *
 * An order may meet fifty conditions. Two clauses take 0.01 microseconds here, four with an amount 0.09, a missing
 * attribute 0.05; the evaluator that comes with the parser takes 0.5, 0.7 and 9. To compile one takes 8.
 */

export const MAX_DEPTH = 20;
export const MAX_STEPS = 200;

/** Bounds on what the parser reads, wide enough that our own are the ones people meet. */
const parser = new Environment({
  limits: {
    maxAstNodes: MAX_CONDITION,
    maxDepth: 5 * MAX_DEPTH,
    maxListElements: MAX_CONDITION,
    maxMapEntries: MAX_CONDITION,
    maxCallArguments: 32,
  },
});

/** A condition, ready to be asked. */
export interface Condition<Input = ConditionInput> {
  readonly text: string;
  /** What has to be loaded before it is asked. */
  readonly reads: ReadonlySet<ConditionReads>;
  /** Whether it holds; a fault counts as not, and is to be recorded. Never throws, and the same for the same input. */
  holds(input: Input): boolean | ConditionFault;
}

export type CompiledCondition<Input = ConditionInput> =
  | { ok: true; condition: Condition<Input> }
  | { ok: false; message: string; at: number };

/**
 * A condition, or why it is none and where (the offset in the text). With the names of the program's tiers it
 * also refuses a comparison with a tier that does not exist.
 */
export const compileCondition = (text: string, tiers?: readonly string[]): CompiledCondition =>
  compileIn(OF_CAMPAIGNS, text, tiers);

/** The condition of an earning rule on orders. */
export const compileOrderCondition = (text: string): CompiledCondition<OrderInput> =>
  compileIn(OF_ORDER_RULES, text);

/** The condition of an earning rule on an activity that can carry `attributes`. */
export const compileActivityCondition = (
  text: string,
  activity: string,
  attributes: ReadonlyMap<string, AttributeType>,
): CompiledCondition<ActivityInput> => compileIn(ofActivity(activity, attributes), text);

/** The condition of a published document, which was checked. */
export function ofPublished<Input>(compiled: CompiledCondition<Input>): Condition<Input> {
  if (!compiled.ok) throw new Error(`a published condition is none: ${compiled.message}`);
  return compiled.condition;
}

function compileIn(scope: Scope, text: string, tiers?: readonly string[]): CompiledCondition<Inputs> {
  if (text.length > MAX_CONDITION)
    return { ok: false, at: MAX_CONDITION, message: `A condition has at most ${MAX_CONDITION} characters.` };
  try {
    return { ok: true, condition: compile(scope, text, tiers) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, message: error.message, at: error.at };
    if (error instanceof ParseError) return { ok: false, ...syntaxMistake(error, text) };
    throw error;
  }
}

function compile(scope: Scope, text: string, tiers: readonly string[] | undefined): Condition<Inputs> {
  const reads = new Set<ConditionReads>();
  let depth = 0;
  let steps = 0;
  const compilation: Compilation = {
    text,
    tiers,
    scope,
    reads,
    item: null,
    expression(node) {
      if (++depth > MAX_DEPTH)
        reject(
          node.start,
          `A condition is nested at most ${MAX_DEPTH} deep. Leave parentheses out, or simplify it.`,
        );
      if (++steps > MAX_STEPS)
        reject(
          node.start,
          `A condition has at most ${MAX_STEPS} values, variables, operators and functions.`,
        );
      const expression = expressionOf(compilation, node);
      depth--;
      return expression;
    },
  };
  const { ast } = parser.parse(text);
  const whole = compilation.expression(ast);
  if (whole.type !== 'bool')
    reject(
      ast.start,
      whole.type === 'any'
        ? `A condition is true or false. Compare the attribute with something: ${text.slice(ast.start, ast.end)} == true.`
        : `A condition is true or false. Compare this with something, for example ${scope.examples.comparison}.`,
    );
  const { run } = whole;
  // Outside of lists there is no item, and nothing compiled there asks for one.
  const nothing = '' as Item;
  return { text, reads, holds: input => run(input, nothing) as boolean | ConditionFault };
}

function expressionOf(compilation: Compilation, node: ASTNode): Expression {
  switch (node.op) {
    case 'value':
      return literal(node, node.args);
    case 'id':
    case '.':
    case '[]':
      return pathExpression(compilation, node);
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(compilation, node);
    case 'in':
      return membership(compilation, node);
    case '&&':
    case '||':
      return logic(compilation, node);
    case '!_':
      return not(compilation, node);
    case '?:':
      return choice(compilation, node);
    case '+':
    case '-':
    case '*':
      return calculation(compilation, node);
    case '-_':
      return negation(compilation, node);
    case 'call':
    case 'rcall':
      return call(compilation, node);
    case '/':
    case '%':
      return reject(
        compilation.text.indexOf(node.op, node.args[0].end),
        `${node.op} is not part of conditions, because it could divide by zero. Multiply the other side instead: order.total >= 2 * 500.`,
      );
    case 'list':
      return reject(
        node.start,
        `A list stands only to the right of "in": ${compilation.scope.examples.list}.`,
      );
  }
  return reject(node.start, 'Braces { } and optional values are not part of conditions.');
}
