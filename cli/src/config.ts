import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from './failure.ts';

/** Where the engine answers and the key to use there. */
export interface Engine {
  url: string;
  key: string;
}

/** The folder of the repository: beside it lie the engine's data and the programs that `start` and `bench` run. */
export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/**
 * Finds the running engine: FEALTY_URL and FEALTY_KEY where they are set, else the files `url` and `key` that the
 * engine keeps in its data folder (FEALTY_DATA_DIR, `.fealty` in the repository). The only reader of the environment.
 * Throws a Failure that says what to set or start.
 */
export function findEngine(env: NodeJS.ProcessEnv = process.env): Engine {
  const folder = dataFolder(env);
  if (env.FEALTY_URL && !env.FEALTY_KEY) {
    // The key of the local engine is not for whoever answers at an address from the environment.
    throw new Failure(
      'FEALTY_URL is set, but FEALTY_KEY is not. Set both, or neither to use the local engine.',
    );
  }
  const url = env.FEALTY_URL || readSetting(folder, 'url');
  const key = env.FEALTY_KEY || readSetting(folder, 'key');
  try {
    const { protocol } = new URL(url);
    if (protocol === 'http:' || protocol === 'https:') return { url, key };
  } catch {
    // Told below, as for any other scheme.
  }
  throw new Failure(`${url} is not an address of an engine; it should look like http://127.0.0.1:4100`);
}

/**
 * For long work: finds the engine anew at each call, because one that was restarted may have another address, and
 * answers the last one known while it is down and its file is gone.
 */
export function followEngine(env: NodeJS.ProcessEnv = process.env): () => Engine {
  let last = findEngine(env);
  return () => {
    try {
      last = findEngine(env);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
    return last;
  };
}

function dataFolder(env: NodeJS.ProcessEnv): string {
  return resolve(env.FEALTY_DATA_DIR || join(repositoryRoot, '.fealty'));
}

function readSetting(folder: string, name: 'url' | 'key'): string {
  const path = join(folder, name);
  try {
    const text = readFileSync(path, 'utf8').trim();
    if (text !== '') return text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') {
      throw new Failure(
        `${path} belongs to another user. Run as the user that started the engine, or set FEALTY_KEY.`,
      );
    }
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
  throw new Failure(
    `No engine was found (${path} is missing). Start one with ./fealty start, or set FEALTY_URL and FEALTY_KEY.`,
  );
}
