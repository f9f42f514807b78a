import { compileCondition } from './conditions/compile.ts';
import type { ProgramDocument } from './document.ts';
import type { Mistake } from './mistake.ts';

/** What is wrong with the conditions of campaigns and challenges. */
export function* mistakesInConditions(document: ProgramDocument): Generator<Mistake> {
  const tiers = (document.tiers?.levels ?? []).map(level => level.id);
  for (const kind of ['campaigns', 'challenges'] as const)
    for (const [index, { if: condition }] of (document[kind] ?? []).entries()) {
      if (condition === undefined) continue;
      const compiled = compileCondition(condition, tiers);
      if (!compiled.ok)
        yield {
          pointer: `/${kind}/${index}/if`,
          message: `At character ${compiled.at + 1} of the condition: ${compiled.message}`,
        };
    }
}
