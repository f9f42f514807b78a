import type { Pool, Tx } from '#platform/db/client.ts';
import type { Api } from '#platform/http/api.ts';
import type { Ledger } from '../ledger/index.ts';
import { changeType } from './changes.ts';
import { redemptionToWire, redemptionType } from './redemptions.ts';
import { rewardsRoutes } from './routes.ts';
import * as store from './store.ts';

export { rewardsErrors } from './errors.ts';

/** Redemption of points: registers its commands with the ledger and gives its routes. */
export function createRewards(deps: { ledger: Ledger; pool: Pool }): { routes(api: Api): void } {
  deps.ledger.register(redemptionType, async (tx: Tx, id) => {
    const redemption = (await store.redemptions(tx, [id])).get(id);
    return redemption === undefined
      ? {}
      : { redemption: redemptionToWire(redemption, redemption.occurredAt) };
  });
  deps.ledger.register(changeType(deps.ledger), async (tx: Tx, id) => {
    const change = (await store.findChanges(tx, [id])).get(id)?.stored;
    return change === undefined
      ? {}
      : {
          kind: change.kind,
          points: String(change.points),
          redemption: redemptionToWire(change.redemption, change.redemption.occurredAt),
        };
  });
  return { routes: rewardsRoutes(deps) };
}
