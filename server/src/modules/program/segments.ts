import { type Condition, type ConditionReads, compileCondition } from './conditions/compile.ts';
import type { ProgramDocument } from './document.ts';

/** A group of members by rule. */
export interface Segment {
  /** `segments.lapsed@3`, as a condition that could not be judged is cited. */
  readonly ref: string;
  readonly condition: Condition;
}

/** What has to be loaded of a member before a campaign can be decided. */
export interface MemberReads {
  /** Profile and enrolment. */
  readonly profile: boolean;
  /** What the member bought before. */
  readonly history: boolean;
  /** Whether the member is on these lists. */
  readonly lists: readonly string[];
}

/** Compiles the segments of a stored, valid document, by name. */
export function compileSegments(document: ProgramDocument, version: number): Map<string, Segment> {
  return new Map(
    Object.entries(document.segments ?? {}).map(([name, segment]) => {
      const compiled = compileCondition(segment.if);
      if (!compiled.ok) throw new Error(`a published segment is none: ${compiled.message}`);
      return [name, { ref: `segments.${name}@${version}`, condition: compiled.condition }];
    }),
  );
}

/** What an audience and a condition read, through the segments that they name as well. */
export function readsOf(
  condition: Condition | null,
  audience: { countries?: unknown; segments?: readonly string[]; lists?: readonly string[] } | undefined,
  segments: ReadonlyMap<string, Segment>,
): MemberReads {
  const asked = condition?.reads.has('segments') ? [...segments.keys()] : (audience?.segments ?? []);
  const reads = new Set<ConditionReads>(condition?.reads);
  for (const name of asked) for (const what of segments.get(name)?.condition.reads ?? []) reads.add(what);
  return {
    profile: reads.has('member') || audience?.countries !== undefined,
    history: reads.has('history'),
    lists: audience?.lists ?? [],
  };
}
