import { setImmediate } from 'node:timers/promises';
import type { Pool, Tx } from '#platform/db/client.ts';
import { accept, type Outcome } from '#platform/errors.ts';
import * as keys from './code-keys.store.ts';
import { textOf, unreadable, type Vouchers } from './vouchers.ts';

/** How far the codes of a database have got from one key to the next. */
export interface Rotation {
  readonly state: 'none' | 'ready' | 'running';
  readonly key: string;
  readonly before: string | null;
  readonly codes: number;
  readonly left: number;
}

/** Codes that one transaction encrypts: whoever wants one of them meanwhile waits for it. */
const PAGE = 500;

type Turning = Pick<Vouchers, 'keyId' | 'has' | 'seal' | 'open'>;

/** Whether this engine reads all codes: else it could neither encrypt them anew nor find one that is uploaded again. */
export const readsAll = ({ has }: Pick<Vouchers, 'has'>, { keyId, before }: keys.CodeKeys): boolean =>
  has(keyId) && (before === null || has(before));

/** How it stands. `ready`: this engine has a new secret, and the codes are still encrypted with the one before. */
export async function rotationOf(tx: Tx, vouchers: Turning): Promise<Outcome<Rotation>> {
  const known = await keys.codeKeys(tx);
  if (known === undefined || !readsAll(vouchers, known)) return unreadable();
  if (known.keyId !== vouchers.keyId) {
    const { codes } = await keys.countCodes(tx, known);
    return accept({ state: 'ready', key: vouchers.keyId, before: known.keyId, codes, left: codes });
  }
  const counted = await keys.countCodes(tx, known);
  const state = known.before === null ? 'none' : 'running';
  return accept({ state, key: known.keyId, before: known.before, ...counted });
}

/**
 * Encrypts at most about `most` codes under the secret of this engine, the oldest first. Each page is a transaction with a
 * mark how far it got: interrupted, the next call goes on, and engines that do it together take turns.
 */
export async function rotate(pool: Pool, vouchers: Turning, most: number): Promise<Outcome<Rotation>> {
  const known = await keys.codeKeys(pool);
  if (known === undefined || !readsAll(vouchers, known)) return unreadable();
  if (known.keyId !== vouchers.keyId) await keys.turnKey(pool, vouchers.keyId, known.keyId);
  for (let done = 0; done < most; done += PAGE) {
    if (!(await pool.transaction(tx => turnPage(tx, vouchers)))) break;
    await setImmediate();
  }
  return pool.snapshot(tx => rotationOf(tx, vouchers));
}

/** Encrypts a page anew; false where nothing is left to do. */
async function turnPage(tx: Tx, vouchers: Turning): Promise<boolean> {
  const { keyId, before, rotated } = await keys.steerCodeKeys(tx);
  if (keyId !== vouchers.keyId || before === null) return false;
  const page = await keys.pageOf(tx, { after: rotated, keyId: before, size: PAGE });
  if (page.length === 0) {
    await keys.finishRotation(tx);
    return false;
  }
  const anew = page.map(code => {
    const text = textOf(vouchers, code.programId, code) as string;
    return { id: code.id, ...vouchers.seal(keyId, code.programId, text) };
  });
  await keys.writeSealed(tx, keyId, anew);
  return true;
}
