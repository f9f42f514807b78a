import type { Pool } from '#platform/db/client.ts';
import * as keys from './code-keys.store.ts';
import * as codes from './codes.store.ts';
import { readsAll } from './rotation.ts';
import type { Vouchers } from './vouchers.ts';

/** Codes that one transaction encrypts. */
const PAGE = 1_000;

/**
 * Before an engine serves: makes its key that of the database, unless it has one, and refuses to start with another; then
 * encrypts the codes that an earlier release stored as they are. Each page is a transaction: what was interrupted goes on at
 * the next start, and engines that start together share the pages. `lost`: the secret before is gone, which a database
 * without codes can bear.
 */
export async function sealCodes(pool: Pool, vouchers: Vouchers, lost: boolean): Promise<void> {
  const known = await keys.claimKey(pool, vouchers.keyId);
  const forget = () => pool.transaction(tx => keys.replaceLostKey(tx, vouchers.keyId));
  const own = lost && !readsAll(vouchers, known) ? ((await forget()) ?? known) : known;
  if (!readsAll(vouchers, own)) throw new Error(await otherSecret(pool, vouchers, own));
  const page = () =>
    pool.transaction(async tx => {
      const { keyId } = await keys.keepCodeKeys(tx);
      return codes.sealPage(tx, keyId, PAGE, (programId, code) => vouchers.seal(keyId, programId, code));
    });
  while ((await page()) > 0);
}

async function otherSecret(
  pool: Pool,
  { keyId, has }: Vouchers,
  { keyId: current, before }: keys.CodeKeys,
): Promise<string> {
  if (has(current))
    return (
      `Some voucher codes of this database are still encrypted with the secret before (key ${before}). ` +
      'Set FEALTY_SECRET_BEFORE to it and let "fealty vouchers rotate" finish.'
    );
  const { codes } = await keys.countCodes(pool, { before: null, rotated: 0n });
  const words =
    codes > 0
      ? 'The voucher codes of this database are encrypted with another secret'
      : 'The voucher codes of this database are to be encrypted with another secret';
  return (
    `${words} (key ${current}, this engine has ${keyId}). ` +
    'Put the file "secret" of the first engine on it into the data folder, or set FEALTY_SECRET to what it holds. ' +
    (codes > 0
      ? 'To change the secret, set FEALTY_SECRET_BEFORE to the old one.'
      : 'There are no codes yet: if the secret is lost, set FEALTY_SECRET_BEFORE=lost.')
  );
}
