import type { Pool } from '#platform/db/client.ts';
import type { Api } from '#platform/http/api.ts';
import type { Ledger } from '../ledger/index.ts';
import { listRoutes } from './lists.routes.ts';
import { listType } from './lists.ts';
import { profileRoutes } from './profile.routes.ts';
import { enrolType, profileType } from './profiles.ts';
import { memberRoutes } from './routes.ts';
import type { MembersService } from './service.ts';

export { memberErrors } from './errors.ts';
export type { FactsQuestion } from './facts.store.ts';
export { enrolmentsOf, factsKey, factsOf, type MemberFacts, NO_FACTS } from './facts.ts';
export type { MemberRef } from './locate.ts';
export { type Located, memberId } from './model.ts';
/** Who belongs to which program. Owns the schema `members`. */
export { createService as createMembers, type MembersService as Members } from './service.ts';
export { markHouseholds } from './store.ts';

/** Enrolment, profiles and lists as commands and routes: registers the commands with the ledger, whose lanes carry them out. */
export function createMembersApi(deps: { members: MembersService; ledger: Ledger; pool: Pool }): {
  routes(api: Api): void;
} {
  const { ledger } = deps;
  ledger.register(enrolType);
  ledger.register(profileType);
  ledger.register(listType);
  const all = [memberRoutes(deps), profileRoutes(deps), listRoutes(deps)];
  return {
    routes(api) {
      for (const routes of all) routes(api);
    },
  };
}
