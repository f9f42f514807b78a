import type { Api } from '#platform/http/api.ts';
import { clockRoutes } from './clock.routes.ts';
import { draftRoutes } from './drafts.routes.ts';
import { type FallsDue, type Passage, passTime } from './passing.ts';
import { programRoutes } from './routes.ts';
import { createService, type ProgramOptions, type ProgramService } from './service.ts';

export type { AttributeType } from './activities.section.ts';
export type { ActivityType, Bonus, Streak } from './activities.ts';
export { addDuration, localTime, parseDuration, startOf } from './calendar.ts';
export type { Campaign, Period } from './campaigns.ts';
export { unitOf } from './campaigns.ts';
export type { Challenge, Goal } from './challenges.ts';
export type { ActivityInput, ConditionInput, OrderInput } from './conditions/compile.ts';
export type { ProgramDocument } from './document.ts';
export { compileDraft } from './draft.ts';
export { programErrors } from './errors.ts';
export type { Households } from './households.section.ts';
export type { EarningRule, Program, ProgramVersion } from './model.ts';
export { hasChallenges, hasTiers, programNow, versionAt } from './model.ts';
export type { FallsDue } from './passing.ts';
export { createRegistry, type Registry } from './registry.ts';
export { reminderHorizon, remindersOf } from './reminders.ts';
export type { Audience, Price, Reward } from './rewards.model.ts';
export type { Terms } from './terms.ts';
export type { Level, Measure, SumBetween, Tiers } from './tiers.ts';
export { edges, leavesAt, levelOf, placeAt, windowStart, yearEnds } from './tiers.ts';
export type { TransferLimit, Transfers } from './transfers.section.ts';
export type { Unit } from './units.ts';
export type { VelocityCheck } from './velocity.ts';

export interface ProgramModule extends ProgramService {
  /** Registers what falls due by the programs' clocks; at one instant in the order of registration. */
  whenTimePasses(due: FallsDue): void;
  routes(api: Api): void;
}

/** The programs, as versioned documents and ready to decide by. Owns the schema `program`. */
export function createProgram(options: ProgramOptions): ProgramModule {
  const program = createService(options);
  const due: FallsDue[] = [];
  const service = {
    ...program,
    passTime: (name: string, asked: { passage: Passage; key: string | undefined }, dryRun: boolean) =>
      passTime({ pool: options.pool, program, due }, name, asked, dryRun),
  };
  return {
    ...service,
    whenTimePasses: own => void due.push(own),
    routes(api) {
      programRoutes(api, service);
      clockRoutes(api, service);
      draftRoutes(api, service.drafts);
    },
  };
}
