import type { Pool } from '#platform/db/client.ts';
import type { Api } from '#platform/http/api.ts';
import type { Ledger } from '../ledger/index.ts';
import type { Members } from '../members/index.ts';
import { pruner } from './pruning.ts';
import { fraudRoutes } from './routes.ts';

export { caseType, explainDecision, heldBack } from './cases.ts';
export { fraudErrors } from './errors.ts';
export { caseFacts } from './events.ts';
export { type FraudQuestions, loadFraud } from './facts.ts';
export {
  type Addition,
  addTo,
  arrived,
  type Case,
  type FraudFacts,
  judge,
  lotKey,
  noFraud,
  type Pended,
  pausedBy,
} from './model.ts';
export { changePended, insertFraud } from './store.ts';

/** Cases of members who earned too fast. Owns the schema `fraud`; the commands are registered by who earns. */
export const createFraud = (deps: {
  ledger: Ledger;
  pool: Pool;
  members: Members;
}): {
  /** Removes what no velocity window of a program needs any more, and says how much it was. */
  prune(programId: number): Promise<number>;
  routes(api: Api): void;
} => ({
  prune: pruner(deps),
  routes: fraudRoutes(deps),
});
