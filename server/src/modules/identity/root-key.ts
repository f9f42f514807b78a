import { randomSecret } from '#platform/ids.ts';
import { readOrMakeSecret, type SecretFile } from '#platform/secret-file.ts';
import { KEY_TEXT } from './model.ts';

export const newKey = (): string => `fk_${randomSecret()}`;

const FILE: SecretFile = {
  name: 'key',
  make: newKey,
  pattern: KEY_TEXT,
  otherwise:
    'does not hold a key (fk_ and 43 characters). Put the key back, or remove the file to get a new one.',
};

/** Reads the root key of a data folder, or makes one. */
export async function readOrMakeKeyFile(
  dataDir: string,
): Promise<{ path: string; key: string; made: boolean }> {
  const { path, secret, made } = await readOrMakeSecret(dataDir, FILE);
  return { path, key: secret, made };
}
