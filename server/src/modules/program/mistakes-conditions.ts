import {
  type CompiledCondition,
  compileActivityCondition,
  compileCondition,
  compileOrderCondition,
} from './conditions/compile.ts';
import type { ProgramDocument } from './document.ts';
import type { Mistake } from './mistake.ts';

/** What is wrong with the conditions of earning rules, campaigns and challenges. */
export function* mistakesInConditions(document: ProgramDocument): Generator<Mistake> {
  for (const [index, rule] of (document.earning ?? []).entries())
    yield* mistakeInCondition(`/earning/${index}/if`, ofRule(rule, document));
  const tiers = (document.tiers?.levels ?? []).map(level => level.id);
  for (const kind of ['campaigns', 'challenges'] as const)
    for (const [index, { if: condition }] of (document[kind] ?? []).entries())
      yield* mistakeInCondition(
        `/${kind}/${index}/if`,
        condition === undefined ? undefined : compileCondition(condition, tiers),
      );
}

/** Undefined without a condition, and for an activity that there is not, which is a mistake of its own. */
function ofRule(
  { on, if: condition }: NonNullable<ProgramDocument['earning']>[number],
  { activities }: ProgramDocument,
): CompiledCondition<never> | undefined {
  if (condition === undefined) return undefined;
  if (on === 'order') return compileOrderCondition(condition);
  const name = on.slice('activity:'.length);
  if (!Object.hasOwn(activities ?? {}, name)) return undefined;
  const attributes = new Map(Object.entries(activities?.[name]?.attributes ?? {}));
  return compileActivityCondition(condition, name, attributes);
}

function* mistakeInCondition(
  pointer: string,
  compiled: CompiledCondition<never> | undefined,
): Generator<Mistake> {
  if (compiled !== undefined && !compiled.ok)
    yield {
      pointer,
      message: `At character ${compiled.at + 1} of the condition: ${compiled.message}`,
    };
}
