import { z } from 'zod';
import type { Fault } from './model.ts';

const condition = z.strictObject({
  rule: z.string().describe('The rule, campaign or challenge, `id@version`, or `segments.NAME@version`.'),
  reason: z.string(),
});

/** Conditions that could not be judged, as callers see them. */
export const notJudgedShape = {
  not_judged: z
    .array(condition)
    .optional()
    .describe(
      'Conditions that had no answer, such as one that asks for an attribute that was not sent. They count as not matched. Left out: none.',
    ),
};

export interface NotJudgedTold {
  not_judged?: { rule: string; reason: string }[];
}

const NONE: NotJudgedTold = {};

export const notJudgedTold = (faults: readonly Fault[]): NotJudgedTold =>
  faults.length === 0 ? NONE : { not_judged: faults.map(({ ref, reason }) => ({ rule: ref, reason })) };
