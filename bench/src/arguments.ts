import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

export interface Arguments {
  /** What to do: measure paths, profile one, the curve of keys, rewrite the documentation, or show the help. */
  readonly task: 'paths' | 'profile' | 'keys' | 'write-docs' | 'help';
  /** Names of paths; empty means all. */
  readonly names: readonly string[];
  readonly json: boolean;
  readonly seconds: number;
  readonly rounds: number;
  readonly members: number;
  readonly sustained: number;
  readonly verify: boolean;
  readonly parent: string;
  readonly results: string | undefined;
  readonly keys: number;
  readonly step: number;
  readonly memory: string;
  readonly io: 'direct' | 'cached';
}

/** Shown for mistakes of the caller, without a stack. */
export class UsageError extends Error {}

export const HELP = `npm run bench [-- NAMES] [options]           measure paths (all when none is named)
npm run bench -- profile NAME [options]      what bounds a path: functions, statements, waits
npm run bench -- keys [options]              cost of an order as business keys outgrow the memory
npm run bench -- --write-docs FILE           put the figures of a results file into the documentation

  --seconds N     measured seconds of each path and round (20; profile 10)
  --rounds N      rounds, interleaved (5)
  --members N     members enrolled before (1,000,000; profile 50,000; keys 20,000)
  --sustained N   seconds of the sustained path (300, or --seconds when that is given)
  --dir FOLDER    where the data folder is made (the system's folder for temporary files)
  --verify        recompute the ledger at the end and say whether everything agrees
  --json          results on standard output, progress on standard error
  --keys N, --step N   keys: how many keys, and after how many a line (3,000,000 and 250,000)
  --memory SIZE   keys: PostgreSQL's shared_buffers (64MB)
  --io MODE       keys: direct (the system caches no table; Linux) or cached (direct)

  npm run bench -- --members 50000 --seconds 5 --rounds 3           a quick look at everything
  npm run bench -- --members 20000 --seconds 5 --rounds 3 single    one path
`;

const OPTIONS = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  verify: { type: 'boolean' },
  seconds: { type: 'string' },
  rounds: { type: 'string' },
  members: { type: 'string' },
  sustained: { type: 'string' },
  dir: { type: 'string' },
  'write-docs': { type: 'string' },
  keys: { type: 'string' },
  step: { type: 'string' },
  memory: { type: 'string' },
  io: { type: 'string' },
} as const;

/** Reads the command line. Throws a UsageError that says what is wrong. */
export function parseArguments(args: readonly string[], knownNames: readonly string[]): Arguments {
  const { values, positionals } = parsed(args);
  const number = (
    name: 'seconds' | 'rounds' | 'members' | 'sustained' | 'keys' | 'step',
    fallback: number,
    most: number,
  ) => {
    const text = values[name];
    if (text === undefined) return fallback;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < 1 || value > most)
      throw new UsageError(`--${name} takes a whole number from 1 to ${most}`);
    return value;
  };
  const [first] = positionals;
  const task = values.help
    ? 'help'
    : values['write-docs'] !== undefined
      ? 'write-docs'
      : first === 'profile' || first === 'keys'
        ? first
        : 'paths';
  const names = task === 'paths' ? positionals : positionals.slice(1);
  const unknown = names.find(name => !knownNames.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`there is no path ${unknown}; there are ${knownNames.join(', ')}`);
  if (task === 'profile' && names.length !== 1) throw new UsageError('profile takes the name of one path');
  if (task === 'keys' && names.length > 0) throw new UsageError('keys takes no names');
  const { io = 'direct', memory = '64MB' } = values;
  if (io !== 'direct' && io !== 'cached') throw new UsageError('--io takes direct or cached');
  if (!/^\d+[kMG]B$/.test(memory)) throw new UsageError('--memory takes a size such as 64MB');
  const seconds = number('seconds', task === 'profile' ? 10 : 20, 3_600);
  return {
    task,
    names,
    json: values.json ?? false,
    verify: values.verify ?? false,
    seconds,
    rounds: number('rounds', 5, 100),
    members: number(
      'members',
      { paths: 1_000_000, profile: 50_000, keys: 20_000 }[task as string] ?? 0,
      50_000_000,
    ),
    sustained: number('sustained', values.seconds === undefined ? 300 : seconds, 86_400),
    parent: values.dir ?? tmpdir(),
    results: values['write-docs'],
    keys: number('keys', 3_000_000, 1_000_000_000),
    step: number('step', 250_000, 100_000_000),
    memory,
    io,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
