import type { Pool } from '#platform/db/client.ts';
import * as codes from './codes.store.ts';
import type { Vouchers } from './vouchers.ts';

/** Codes that one transaction encrypts. */
const PAGE = 1_000;

/**
 * Before an engine serves: refuses to start with another key than that of the codes in the database, and encrypts those
 * that an earlier release stored as they are. Each page is a transaction: what was interrupted goes on at the next start,
 * and engines that start together share the pages.
 */
export async function sealCodes(pool: Pool, { keyId, seal }: Vouchers): Promise<void> {
  const known = await codes.keyOf(pool);
  if (known !== undefined && known !== keyId)
    throw new Error(
      `The voucher codes of this database are encrypted with another secret (key ${known}, this engine has ${keyId}). ` +
        'Put the file "secret" of the engine that they were added to into the data folder, or set FEALTY_SECRET to what it holds.',
    );
  const page = () =>
    pool.transaction(async tx => {
      const sealed = await codes.sealPage(tx, keyId, PAGE, seal);
      if (sealed > 0 && (await codes.claimKey(tx, keyId)) !== keyId)
        throw new Error('Another engine encrypts the voucher codes of this database with another secret.');
      return sealed;
    });
  while ((await page()) > 0);
}
