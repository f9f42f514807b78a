// Entry of every npm script and of ./fealty: installs the dependencies when they are missing or out of date, then runs
// the bundled Node 24 with the given arguments. Plain JavaScript, because it must run on whatever Node (18 or
// later) the machine happens to have, before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, constants as osConstants, tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const lockFile = join(root, 'package-lock.json');
// Inside node_modules, so that whatever removes node_modules removes the stamp with it.
const stampFile = join(modules, '.fealty-installed');
// Outside node_modules, because `npm ci` begins by emptying that folder.
const installLock = join(root, '.fealty-install.lock');
const INSTALL_WAIT_MS = 15 * 60_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
// One signal to npm or to the whole group arrives here several times: directly and through npm.
const SAME_SIGNAL_MS = 1_000;
const CANARY_MS = 200;

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
const say = line => process.stderr.write(`${line}\n`);

function fail(line) {
  say(line);
  process.exit(1);
}

function readOr(path, fallback) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback;
  }
}

// ---------------------------------------------------------------------------------------------- what is installed

const platform = `${process.platform}-${process.arch}`;

function wantedStamp() {
  return createHash('sha256').update(readFileSync(lockFile)).update(`\0${platform}`).digest('hex');
}

/** True when the lock file wants this package on this machine; false when npm may leave it out. */
function isWantedHere(entry) {
  if (!entry.optional) return true;
  // Optional packages that name no platform belong to some platform package that npm may have left out, and a
  // stated libc cannot be checked cheaply; npm ends without an error when any of these is missing.
  if (!entry.os || !entry.cpu || entry.libc) return false;
  return [entry.os].flat().includes(process.platform) && [entry.cpu].flat().includes(process.arch);
}

/**
 * The packages of the lock file that node_modules lacks or has in another version, judged by the list that npm
 * itself leaves there at the end of every complete installation.
 */
function missingPackages() {
  const parse = path => JSON.parse(readOr(path, '{}')).packages ?? {};
  const installed = parse(join(modules, '.package-lock.json'));
  return Object.entries(parse(lockFile))
    .filter(([path, entry]) => path.includes('node_modules/') && isWantedHere(entry))
    .filter(([path, { version, integrity, link }]) => {
      const found = installed[path];
      return !found || found.version !== version || found.integrity !== integrity || found.link !== link;
    })
    .map(([path]) => path);
}

/** True when nothing has to be installed. A plain `npm install` by a developer counts, and gets its stamp here. */
function isInstalled() {
  const wanted = wantedStamp();
  if (readOr(stampFile, '') === wanted) return true;
  if (missingPackages().length > 0) return false;
  try {
    writeFileSync(stampFile, wanted);
  } catch {
    // Installed by another user; only the short cut is lost.
  }
  return true;
}

// ----------------------------------------------------------------------------------- one installation at a time

/** Names a process for good: the start time tells it from a later process that was given the same pid. */
function identityOf(pid) {
  const [state, ...rest] = processFields(pid);
  // A zombie has ended; only its parent has not noticed yet.
  return `${pid} ${state === 'Z' ? 'ended' : (rest[18] ?? '')}`;
}

/** The fields of /proc/PID/stat from the state on; the command before them may itself hold spaces and parentheses. */
function processFields(pid) {
  const stat = readOr(`/proc/${pid}/stat`, '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function isAlive(identity) {
  const pid = Number(identity.split(' ')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  return identityOf(pid) === identity;
}

/** Puts a complete file in place in one step, so that no other process ever reads half of it. */
function place(path, text, put) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  try {
    put(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

function tryLock() {
  try {
    place(installLock, identityOf(process.pid), linkSync);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/** Moves a lock away whose holders are dead; puts it back when somebody else took it over in the meantime. */
function dropStaleLock(seen) {
  const aside = `${installLock}.stale.${process.pid}`;
  try {
    renameSync(installLock, aside);
    if (readFileSync(aside, 'utf8') !== seen) linkSync(aside, installLock);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
  rmSync(aside, { force: true });
}

/** Waits until this process may install; false when another process did it in the meantime. */
async function lockInstallation() {
  const deadline = Date.now() + INSTALL_WAIT_MS;
  for (let told = false; !tryLock(); ) {
    const seen = readOr(installLock, null);
    if (seen === null) continue;
    // The lock names the launcher and, once it runs, its npm: a launcher killed with -9 leaves an npm at work.
    const holder = seen.split('\n').find(isAlive);
    if (!holder) {
      dropStaleLock(seen);
      continue;
    }
    const pid = holder.split(' ')[0];
    if (Date.now() > deadline)
      fail(`Process ${pid} has been installing the dependencies for 15 minutes. Stop it and try again.`);
    if (!told) say(`Waiting for process ${pid}, which is installing the dependencies ...`);
    told = true;
    await sleep(200);
  }
  if (!isInstalled()) return true;
  rmSync(installLock, { force: true });
  return false;
}

// -------------------------------------------------------------------------------------------------- installing

function npmCommand() {
  const path = process.env.npm_execpath;
  // yarn and pnpm set the same variable, but do not know `ci` as npm means it.
  if (path && basename(path).startsWith('npm') && existsSync(path))
    return [process.env.npm_node_execpath ?? process.execPath, [path]];
  const beside = join(dirname(process.execPath), 'npm');
  return [existsSync(beside) ? beside : 'npm', []];
}

/** npm's environment: without settings of an outer npm call that would aim it at one workspace or another place. */
function npmEnvironment() {
  const misleading =
    /^npm_config_(workspace|workspaces|include_workspace_root|global|location|prefix|local_prefix|dry_run|package_lock_only)$/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !misleading.test(name)));
  const isNamed = Object.keys(env).some(name => /^npm_config_cache$/i.test(name));
  if (!isNamed && !canWrite(homedir()))
    env.npm_config_cache = join(tmpdir(), `npm-cache-${process.getuid?.() ?? 'user'}`);
  return env;
}

function canWrite(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function install() {
  const [command, before] = npmCommand();
  const options = [
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--loglevel=error',
    '--no-engine-strict',
    '--include=dev',
    '--include=optional',
  ];
  rmSync(stampFile, { force: true });
  say('Installing dependencies, about a minute ...');
  const { code, signal } = await runChild(command, [...before, 'ci', ...options], {
    cwd: root,
    env: npmEnvironment(),
    // npm speaks on stderr, so that a command whose stdout is read by a program stays clean.
    stdio: ['ignore', 2, 2],
    onStart: pid => place(installLock, `${identityOf(process.pid)}\n${identityOf(pid)}`, renameSync),
  }).catch(error =>
    fail(`npm could not be run (${error.message}). Install npm, or put it on the PATH, and try again.`),
  );
  if (signal) endBy(signal);
  else if (code !== 0)
    fail(`The dependencies could not be installed: npm ci ended with code ${code}. Its message is above.`);
  const missing = missingPackages();
  // npm leaves out an optional package that it cannot download, and ends as if all were well.
  if (missing.length > 0)
    fail(
      `npm ci left out ${missing.join(', ')}. Check the connection to the package registry and try again.`,
    );
  writeFileSync(stampFile, wantedStamp());
}

async function ensureInstalled() {
  if (isInstalled()) return;
  try {
    if (!(await lockInstallation())) return;
  } catch (error) {
    fail(`The dependencies must be installed, but ${root} cannot be written (${error.message}).`);
  }
  const release = () => rmSync(installLock, { force: true });
  process.once('exit', release);
  await install();
  release();
  process.off('exit', release);
}

// ----------------------------------------------------------------------------------------------------- running

/**
 * A process of the same group that any signal ends. When it dies, a signal went to the whole group, as a Ctrl-C does,
 * and the child has it already; a second one would look like impatience. It ends with this process, whose pipe it reads.
 */
function startCanary() {
  const canary = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  const died = new Promise(resolve => {
    canary.once('exit', () => resolve(true));
    // Where it cannot be started, every signal counts as sent to this process alone.
    canary.once('error', () => undefined);
  });
  canary.stdin.on('error', () => undefined).unref();
  canary.unref();
  return { dies: () => Promise.race([died, sleep(CANARY_MS)]), end: () => canary.kill() };
}

/** Runs a command to its end and passes signals on; rejects when it cannot be started. */
function runChild(command, args, { onStart, ...options }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options);
    const passedAt = {};
    let canary = startCanary();
    const pass = async signal => {
      if (Date.now() - (passedAt[signal] ?? 0) < SAME_SIGNAL_MS) return;
      passedAt[signal] = Date.now();
      if (await canary.dies()) canary = startCanary();
      else child.kill(signal);
    };
    for (const signal of SIGNALS) process.on(signal, pass);
    const end = settle => (value, signal) => {
      for (const each of SIGNALS) process.off(each, pass);
      canary.end();
      settle(value instanceof Error ? value : { code: value, signal });
    };
    child.once('spawn', () => onStart?.(child.pid));
    child.once('error', end(reject));
    child.once('exit', end(resolve));
  });
}

/** Ends this process the way its child ended, so that a caller sees no difference. */
function endBy(signal) {
  process.exitCode = 128 + (osConstants.signals[signal] ?? 0);
  process.kill(process.pid, signal);
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 11);
}

/** Node binaries to try, best first. The bundled one is there and yet does not start on a musl system. */
function nodeBinaries() {
  const bundled = join(modules, `node-${platform}`, 'bin', 'node');
  const own = isNewEnough(process.versions.node) ? [process.execPath] : [];
  return existsSync(bundled) ? [bundled, ...own] : own;
}

async function main(args) {
  await ensureInstalled();
  for (const node of nodeBinaries()) {
    const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
    const ended = await runChild(node, args, { stdio: 'inherit', env }).catch(() => null);
    if (ended?.signal) return endBy(ended.signal);
    if (ended) process.exit(ended.code);
  }
  fail(`Node 24.11 or newer is needed: this is ${process.version}, and none is bundled for ${platform}.`);
}

await main(process.argv.slice(2));
