import { chmod, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { randomSecret } from '#platform/ids.ts';
import { KEY_TEXT } from './model.ts';

/** Reads the root key of a data folder, or makes one: only its owner can read the file. */
export async function readOrMakeKeyFile(
  dataDir: string,
): Promise<{ path: string; key: string; made: boolean }> {
  const path = join(dataDir, 'key');
  await mkdir(dataDir, { recursive: true });
  const made = (await readKey(path)) === undefined && (await place(path, newKey()));
  const key = await readKey(path);
  if (key === undefined) throw new Error(`${path} was removed while the engine started`);
  await closeToOthers(path);
  return { path, key, made };
}

export const newKey = (): string => `fk_${randomSecret()}`;

/** The key of the file, or undefined where there is none. Throws for a file that holds something else. */
async function readKey(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (KEY_TEXT.test(text.trim())) return text.trim();
  throw new Error(
    `${path} does not hold a key (fk_ and 43 characters). Put the key back, or remove the file to get a new one.`,
  );
}

/** Puts the whole file in place in one step; false where another process was first. */
async function place(path: string, key: string): Promise<boolean> {
  const draft = `${path}.${randomSecret().slice(0, 8)}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${key}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function closeToOthers(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) await chmod(path, 0o600);
}
