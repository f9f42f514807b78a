import { addTo, type FraudFacts, judge, noFraud, pausedBy } from '../../fraud/index.ts';
import type { ProgramVersion } from '../../program/index.ts';
import type { Earned } from '../posting.ts';

/** What earned points. */
export interface Earning {
  readonly id: bigint;
  readonly programId: number;
  readonly memberId: number;
  readonly cause: string;
  readonly at: number;
}

/** What velocity checks did to a member. */
export interface Flagged {
  cases: number;
  /** Cases that pause; the others only flag. */
  pauses: number;
  /** Points that pauses held back, by the number of their unit. */
  readonly held: Map<number, bigint>;
}

/**
 * Velocity in a replay: what the checks of a version would have flagged, and what their pauses would have held back. Nobody
 * decides a case here, so each pause goes on to its end.
 */
export class VelocityReplay {
  private readonly facts = new Map<number, FraudFacts>();
  readonly flagged = new Map<number, Flagged>();

  /** Something earned. What is not `judged` counts in windows, and opens no case. */
  watch(what: Earning, earned: readonly Earned[], { velocity }: ProgramVersion, judged: boolean): void {
    if (velocity.length === 0 || earned.length === 0) return;
    const { memberId, at } = what;
    const facts = this.facts.get(memberId) ?? noFraud();
    this.facts.set(memberId, facts);
    const credits = new Map<number, { unit: number; points: bigint; lots: number[] }>();
    for (const { unit, points } of earned) {
      if (judged && pausedBy(facts, memberId, unit, at) !== undefined) {
        this.hold(memberId, unit, points);
        continue;
      }
      const own = credits.get(unit) ?? { unit, points: 0n, lots: [] };
      credits.set(unit, { ...own, points: own.points + points });
    }
    const addition = judge(facts, { ...what, now: at, checks: velocity }, [...credits.values()], []);
    const opened = judged ? addition.opened : null;
    addTo(facts, { ...addition, opened });
    if (opened === null) return;
    const own = this.of(memberId);
    own.cases += 1;
    if (opened.crossings.some(({ pausedUntil }) => pausedUntil !== null)) own.pauses += 1;
  }

  private of(memberId: number): Flagged {
    const own = this.flagged.get(memberId) ?? { cases: 0, pauses: 0, held: new Map() };
    this.flagged.set(memberId, own);
    return own;
  }

  private hold(memberId: number, unit: number, points: bigint): void {
    const { held } = this.of(memberId);
    held.set(unit, (held.get(unit) ?? 0n) + points);
  }
}
