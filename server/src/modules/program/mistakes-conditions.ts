import { compileCondition } from './conditions/compile.ts';
import type { ProgramDocument } from './document.ts';
import type { Mistake } from './mistake.ts';

/** What is wrong with the conditions of the campaigns. */
export function* mistakesInConditions(document: ProgramDocument): Generator<Mistake> {
  const tiers = (document.tiers?.levels ?? []).map(level => level.id);
  for (const [index, campaign] of (document.campaigns ?? []).entries()) {
    if (campaign.if === undefined) continue;
    const compiled = compileCondition(campaign.if, tiers);
    if (!compiled.ok)
      yield {
        pointer: `/campaigns/${index}/if`,
        message: `At character ${compiled.at + 1} of the condition: ${compiled.message}`,
      };
  }
}
