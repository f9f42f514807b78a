import type { Api } from '#platform/http/api.ts';
import { memberRoutes } from './routes.ts';
import { createService, type MembersOptions, type MembersService } from './service.ts';

export { memberErrors } from './errors.ts';
export { type FactsQuestion, factsKey, factsOf, type MemberFacts, NO_FACTS } from './facts.ts';
export type { Located, MemberRef } from './locate.ts';
export { memberId } from './model.ts';
export type { Attribute, Profile } from './profile.ts';

export interface Members extends MembersService {
  routes(api: Api): void;
}

/** Who belongs to which program. Owns the schema `members`. */
export function createMembers(options: MembersOptions): Members {
  const service = createService(options);
  return { ...service, routes: api => memberRoutes(api, service, options.pool) };
}
