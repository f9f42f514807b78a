import type { Api } from '#platform/http/api.ts';
import { draftRoutes } from './drafts.routes.ts';
import { programRoutes } from './routes.ts';
import { createService, type ProgramOptions, type ProgramService } from './service.ts';

export { addDuration, localTime, parseDuration, startOf } from './calendar.ts';
export type { Campaign, Period } from './campaigns.ts';
export type { ConditionInput } from './conditions/compile.ts';
export type { ProgramDocument } from './document.ts';
export { programErrors } from './errors.ts';
export type { EarningRule, Program, ProgramVersion, Unit } from './model.ts';
export { programNow, versionAt } from './model.ts';
export type { Registry } from './registry.ts';
export type { Gives, Reward } from './rewards.model.ts';
export type { Terms } from './terms.ts';
export type { Level, Measure, SumBetween, Tiers } from './tiers.ts';
export { edges, placeAt, windowStart } from './tiers.ts';

export interface ProgramModule extends ProgramService {
  routes(api: Api): void;
}

/** The programs, as versioned documents and ready to decide by. Owns the schema `program`. */
export function createProgram(options: ProgramOptions): ProgramModule {
  const service = createService(options);
  return {
    ...service,
    routes(api) {
      programRoutes(api, service);
      draftRoutes(api, service.drafts);
    },
  };
}
