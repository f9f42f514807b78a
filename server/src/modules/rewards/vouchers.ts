import { Fault, type Refusal, refuse } from '#platform/errors.ts';
import { type Seal, sealFor } from '#platform/secret.ts';

/** A code as it is stored: nobody can read it but who has its key. */
export interface SealedCode {
  readonly id: bigint;
  /** Null in a dry run, which hands nothing out. */
  readonly sealed: Buffer | null;
}

/** The secrets that an engine knows; `before` is the one that is being replaced. */
export interface Secrets {
  readonly secret: string;
  readonly before: string | null;
}

/** A code as it goes into the database. */
export interface NewCode {
  readonly sealed: Buffer;
  readonly fingerprint: Buffer;
  /** What its fingerprint would be under the other key that this engine has; null where it has one only. */
  readonly otherwise: Buffer | null;
}

/** Encrypts the codes of vouchers and reads them again. */
export interface Vouchers {
  /** The key of the engine's own secret. */
  readonly keyId: string;
  /** Whether this engine has a key. */
  has(keyId: string): boolean;
  /** Encrypts with a key that this engine has. */
  seal(keyId: string, programId: number, code: string): NewCode;
  /** The code, null in a dry run; undefined where this engine cannot read it. */
  open(programId: number, code: SealedCode): string | null | undefined;
}

export function vouchersOf({ secret, before }: Secrets): Vouchers {
  const own: Seal = sealFor(secret, 'voucher codes');
  const seals = before === null ? [own] : [own, sealFor(before, 'voucher codes')];
  const sealOf = (keyId: string): Seal => {
    const found = seals.find(each => each.keyId === keyId);
    if (found === undefined) throw new Error(`this engine does not have the key ${keyId}`);
    return found;
  };
  // A row that somebody moves to another program opens there for nobody.
  const context = (programId: number) => `program ${programId}`;
  return {
    keyId: own.keyId,
    has: keyId => seals.some(each => each.keyId === keyId),
    seal(keyId, programId, code) {
      const seal = sealOf(keyId);
      const other = seals.find(each => each.keyId !== keyId);
      return {
        sealed: seal.seal(code, context(programId)),
        fingerprint: seal.fingerprint(code, context(programId)),
        otherwise: other?.fingerprint(code, context(programId)) ?? null,
      };
    },
    open(programId, { sealed }) {
      if (sealed === null) return null;
      for (const seal of seals) {
        const text = seal.open(sealed, context(programId));
        if (text !== undefined) return text;
      }
      return undefined;
    },
  };
}

/** The text of a code that was handed out. Throws a Fault (503) where this engine cannot read it: another one can. */
export function textOf(vouchers: Vouchers, programId: number, code: SealedCode): string | null {
  const text = vouchers.open(programId, code);
  if (text === undefined)
    throw new Fault(
      'voucher_key_missing',
      `This engine does not have the secret that voucher code ${code.id} is encrypted with. What was done before stands; ask an engine that has it.`,
    );
  return text;
}

/** Before anything is taken for a code that nobody could hand out. */
export const unreadable = (): { ok: false; refusal: Refusal } =>
  refuse(
    'voucher_key_missing',
    'This engine does not have the secret that the voucher codes of this database are encrypted with. Nothing was changed.',
  );
