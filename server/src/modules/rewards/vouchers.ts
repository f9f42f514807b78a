import { type Refusal, refuse } from '#platform/errors.ts';
import { type Seal, sealFor } from '#platform/secret.ts';

/** A code as it is stored: nobody can read it but who has its key. */
export interface SealedCode {
  readonly id: bigint;
  /** Null in a dry run, which hands nothing out. */
  readonly sealed: Buffer | null;
}

/** Encrypts the codes of vouchers and reads them again. */
export interface Vouchers {
  readonly keyId: string;
  seal(programId: number, code: string): { sealed: Buffer; fingerprint: Buffer };
  /** The code, null in a dry run; undefined where this engine cannot read it. */
  open(programId: number, code: SealedCode): string | null | undefined;
}

export function vouchersOf(secret: string): Vouchers {
  const seal: Seal = sealFor(secret, 'voucher codes');
  // A row that somebody moves to another program opens there for nobody.
  const context = (programId: number) => `program ${programId}`;
  return {
    keyId: seal.keyId,
    seal: (programId, code) => ({
      sealed: seal.seal(code, context(programId)),
      fingerprint: seal.fingerprint(code, context(programId)),
    }),
    open: (programId, { sealed }) => (sealed === null ? null : seal.open(sealed, context(programId))),
  };
}

/** The text of a code that was handed out. Throws where this engine cannot read it. */
export function textOf(vouchers: Vouchers, programId: number, code: SealedCode): string | null {
  const text = vouchers.open(programId, code);
  if (text === undefined)
    throw new Error(`voucher code ${code.id} cannot be read with the key ${vouchers.keyId}`);
  return text;
}

/** Before anything is taken for a code that nobody could hand out. */
export const unreadable = (): { ok: false; refusal: Refusal } =>
  refuse(
    'voucher_key_missing',
    'This engine does not have the secret that the voucher codes of this database are encrypted with. Nothing was changed.',
  );
