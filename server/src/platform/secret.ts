import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** A secret of an installation as people see it: `fs_` and 32 random bytes. */
export const SECRET_TEXT = /^fs_[A-Za-z0-9_-]{43}$/;

export const newSecret = (): string => `fs_${randomBytes(32).toString('base64url')}`;

const NONCE = 12;
const TAG = 16;

/** Keeps what must be read again out of the reach of whoever reads the database: keys for one purpose. */
export interface Seal {
  /** Tells which secret sealed something, and nothing about it. */
  readonly keyId: string;
  /** AES-256-GCM under a random nonce; opens only with the same `context`, which says where it belongs. */
  seal(text: string, context: string): Buffer;
  /** The text, or undefined where the key or the context is another one, or a byte was changed. */
  open(sealed: Buffer, context: string): string | undefined;
  /** The same for the same text and context: finds a text that is known without opening any. */
  fingerprint(text: string, context: string): Buffer;
}

/** The keys of a secret for a purpose. Each purpose has its own, so that nothing sealed for one opens for another. */
export function sealFor(secret: string, purpose: string): Seal {
  if (!SECRET_TEXT.test(secret)) throw new Error('a secret is fs_ and 43 characters');
  const root = Buffer.from(secret.slice(3), 'base64url');
  const derive = (use: string, length: number) =>
    Buffer.from(hkdfSync('sha256', root, '', `fealty ${purpose} ${use}`, length));
  const key = derive('encryption', 32);
  const fingerprints = derive('fingerprints', 32);
  return {
    keyId: derive('id', 8).toString('hex'),
    seal(text, context) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, context) {
      if (sealed.length < NONCE + TAG) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG })
        .setAAD(Buffer.from(context))
        .setAuthTag(sealed.subarray(-TAG));
      try {
        return decipher.update(sealed.subarray(NONCE, -TAG), undefined, 'utf8') + decipher.final('utf8');
      } catch {
        return undefined;
      }
    },
    fingerprint: (text, context) => createHmac('sha256', fingerprints).update(`${context}\0${text}`).digest(),
  };
}
