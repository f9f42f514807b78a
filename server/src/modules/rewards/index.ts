import type { Pool, Tx } from '#platform/db/client.ts';
import type { Api } from '#platform/http/api.ts';
import type { Ledger } from '../ledger/index.ts';
import { catalogueRoutes } from './catalogue.routes.ts';
import { findChanges } from './changes.store.ts';
import { changeType } from './changes.ts';
import { rewardLoader } from './facts.ts';
import { redemptionType } from './redemptions.ts';
import { rewardsRoutes } from './routes.ts';
import * as store from './store.ts';
import { transferRoutes } from './transfers.routes.ts';
import { explainTransfer, transferType } from './transfers.ts';
import { voucherRoutes } from './vouchers.routes.ts';
import { redemptionToWire } from './wire.ts';

export { rewardsErrors } from './errors.ts';

/** Rewards and redemptions: registers their commands with the ledger and gives their routes. */
export function createRewards(deps: { ledger: Ledger; pool: Pool }): { routes(api: Api): void } {
  const load = rewardLoader(deps.ledger);
  deps.ledger.register(redemptionType(load), async (tx: Tx, id) => {
    const redemption = (await store.redemptions(tx, [id])).get(id);
    return redemption === undefined
      ? {}
      : { redemption: redemptionToWire(redemption, redemption.occurredAt) };
  });
  deps.ledger.register(changeType(load), async (tx: Tx, id) => {
    const change = (await findChanges(tx, [id])).get(id)?.stored;
    return change === undefined
      ? {}
      : {
          kind: change.kind,
          points: String(change.points),
          redemption: redemptionToWire(change.redemption, change.redemption.occurredAt),
        };
  });
  deps.ledger.register(transferType, explainTransfer(deps.ledger));
  return {
    routes(api) {
      rewardsRoutes(deps)(api);
      catalogueRoutes(deps)(api);
      voucherRoutes(deps)(api);
      transferRoutes(deps)(api);
    },
  };
}
