import { chmod, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { randomSecret } from './ids.ts';

/** A secret that the engine keeps in a file of its data folder. */
export interface SecretFile {
  readonly name: string;
  /** Makes a new one. */
  make(): string;
  readonly pattern: RegExp;
  /** What to do where the file holds something else. */
  readonly otherwise: string;
}

/** Reads a secret of a data folder, or makes it: only its owner can read the file. */
export async function readOrMakeSecret(
  dataDir: string,
  file: SecretFile,
): Promise<{ path: string; secret: string; made: boolean }> {
  const path = join(dataDir, file.name);
  await mkdir(dataDir, { recursive: true });
  const made = (await read(path, file)) === undefined && (await place(path, file.make()));
  const secret = await read(path, file);
  if (secret === undefined) throw new Error(`${path} was removed while the engine started`);
  await closeToOthers(path);
  return { path, secret, made };
}

/** The secret of the file, or undefined where there is none. Throws for a file that holds something else. */
async function read(path: string, { pattern, otherwise }: SecretFile): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (pattern.test(text.trim())) return text.trim();
  throw new Error(`${path} ${otherwise}`);
}

/** Puts the whole file in place in one step; false where another process was first. */
async function place(path: string, secret: string): Promise<boolean> {
  const draft = `${path}.${randomSecret().slice(0, 8)}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${secret}\n`);
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
