import type { Pool, Tx } from '#platform/db/client.ts';
import type { Api } from '#platform/http/api.ts';
import { type Ledger, Owners } from '../ledger/index.ts';
import { catalogueRoutes } from './catalogue.routes.ts';
import { findChanges } from './changes.store.ts';
import { changeType } from './changes.ts';
import { rewardLoader } from './facts.ts';
import { giveVouchers } from './gift-vouchers.giving.ts';
import { giftVoucherRetryingRoutes } from './gift-vouchers.retrying.routes.ts';
import { giftVoucherRoutes } from './gift-vouchers.routes.ts';
import { giftVoucherType } from './gift-vouchers.ts';
import { collector } from './households.collecting.ts';
import { poolLoader } from './households.facts.ts';
import { householdRoutes } from './households.routes.ts';
import { explainChange, householdChangeType, householdType } from './households.ts';
import { redemptionType } from './redemptions.ts';
import { rotationRoutes } from './rotation.routes.ts';
import { rewardsRoutes } from './routes.ts';
import { sealCodes } from './sealing.ts';
import * as store from './store.ts';
import { transferRoutes } from './transfers.routes.ts';
import { explainTransfer, transferType } from './transfers.ts';
import { voucherRoutes } from './vouchers.routes.ts';
import { type Secrets, vouchersOf } from './vouchers.ts';
import { redemptionToWire } from './wire.ts';

export { rewardsErrors } from './errors.ts';

/** Rewards and redemptions: registers their commands with the ledger and gives their routes. */
export function createRewards(deps: { ledger: Ledger; pool: Pool; secrets: Secrets & { lost: boolean } }): {
  /** Finds out whether the secret is that of the database, and encrypts codes that are not yet. Throws where it is not. */
  sealCodes(): Promise<void>;
  /** Moves what members of households can spend into the households' wallets, where the program says so. */
  collect(programId: number): Promise<number>;
  /** Hands out the vouchers that orders give by campaigns, and takes back those that they do not give any more. */
  giveVouchers(): Promise<void>;
  routes(api: Api): void;
} {
  const load = rewardLoader(deps.ledger);
  const vouchers = vouchersOf(deps.secrets);
  deps.ledger.register(redemptionType(load, vouchers), async (tx: Tx, id) => {
    const redemption = (await store.redemptions(tx, [id])).get(id);
    return redemption === undefined
      ? {}
      : { redemption: redemptionToWire(redemption, redemption.occurredAt) };
  });
  deps.ledger.register(changeType(load, vouchers), async (tx: Tx, id) => {
    const change = (await findChanges(tx, [id])).get(id)?.stored;
    return change === undefined
      ? {}
      : {
          kind: change.kind,
          points: String(change.points),
          redemption: redemptionToWire(change.redemption, change.redemption.occurredAt),
        };
  });
  deps.ledger.register(giftVoucherType(load, vouchers));
  const owners = new Owners(ids => store.owners(deps.pool, ids));
  const pools = poolLoader(deps.ledger);
  deps.ledger.register(transferType(pools), explainTransfer(deps.ledger));
  deps.ledger.register(householdType(pools));
  deps.ledger.register(householdChangeType(pools), explainChange(deps.ledger));
  return {
    sealCodes: () => sealCodes(deps.pool, vouchers, deps.secrets.lost),
    collect: collector(deps),
    giveVouchers: () => giveVouchers(deps),
    routes(api) {
      rewardsRoutes({ ...deps, owners })(api);
      catalogueRoutes({ ...deps, owners })(api);
      voucherRoutes({ ...deps, vouchers })(api);
      rotationRoutes({ ...deps, vouchers })(api);
      giftVoucherRoutes(deps)(api);
      giftVoucherRetryingRoutes(deps)(api);
      transferRoutes(deps)(api);
      householdRoutes(deps)(api);
    },
  };
}
