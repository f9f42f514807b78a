import { stripVTControlCharacters } from 'node:util';
import { type ArgsDef, parseArgs } from 'citty';
import { usageFailure } from './failure.ts';
import { type CommandHelp, commandHelp, type Example, groupHelp } from './help.ts';
import type { Output } from './output.ts';

/** Positionals and options of a command as citty reads them, by name. */
type Values<A extends ArgsDef> = ReturnType<typeof parseArgs<A>>;

interface Spec<A extends ArgsDef> extends CommandHelp {
  args: A;
  /** Answers the exit code; nothing means 0. */
  run(args: Values<A>, output: Output): Promise<number | undefined>;
}

/** One command, or a group of commands such as `program`. */
export interface Command {
  name: string;
  summary: string;
  help: string;
  commands?: Readonly<Record<string, Command>>;
  /** Answers the exit code. Throws a Failure. */
  run?(rawArgs: readonly string[], output: Output): Promise<number>;
}

const shared = {
  json: { type: 'boolean', description: 'Print the result as JSON' },
  help: { type: 'boolean', alias: 'h', description: 'Print this help' },
} as const satisfies ArgsDef;

/** Defines a command; every command has `--json` and `--help`, refuses options it does not know and has examples. */
export function command<const A extends ArgsDef>(spec: Spec<A>): Command {
  const { name, summary } = spec;
  const args = { ...spec.args, ...shared };
  return {
    name,
    summary,
    help: commandHelp({ ...spec, args }),
    async run(rawArgs, output) {
      refuseUnknown(name, args, rawArgs);
      return (await spec.run(parse(name, args, rawArgs) as Values<A>, output)) ?? 0;
    },
  };
}

/** A command that hands everything that follows it to another program. */
export function passThrough(spec: {
  name: string;
  summary: string;
  examples: readonly Example[];
  run(rest: readonly string[]): Promise<number>;
}): Command {
  const { name, summary, run } = spec;
  return { name, summary, help: commandHelp({ ...spec, args: { help: shared.help } }), run };
}

/** Several commands under one word. */
export function group(name: string, summary: string, commands: Readonly<Record<string, Command>>): Command {
  return { name, summary, commands, help: groupHelp(name, summary, commands) };
}

/** citty reads over options that it does not know; a slip such as `--formt` must not be read over. */
function refuseUnknown(name: string, args: ArgsDef, rawArgs: readonly string[]): void {
  const known = new Map<string, boolean>();
  for (const [word, arg] of Object.entries(args)) {
    if (arg.type === 'positional') continue;
    const takesValue = arg.type !== 'boolean';
    known.set(`--${word}`, takesValue);
    for (const short of 'alias' in arg ? [arg.alias ?? []].flat() : []) known.set(`-${short}`, takesValue);
    if (!takesValue) known.set(`--no-${word}`, false);
  }
  let places = Object.values(args).filter(({ type }) => type === 'positional').length;
  for (let i = 0; i < rawArgs.length; i++) {
    const raw = rawArgs[i] ?? '';
    if (!raw.startsWith('-') || raw === '-') {
      if (places-- === 0)
        throw usageFailure(`fealty ${name} does not take ${raw}. See fealty ${name} --help.`);
      continue;
    }
    const [word = '', value] = raw.split(/=(.*)/s);
    const takesValue = known.get(word);
    if (takesValue === undefined) {
      const close = nearest(word, [...known.keys()]);
      const hint = close === undefined ? '' : ` Did you mean ${close}?`;
      throw usageFailure(`fealty ${name} has no option ${word}.${hint} See fealty ${name} --help.`);
    }
    if (!takesValue) continue;
    const given = value ?? rawArgs[++i];
    if (given === undefined || given === '' || given.startsWith('--')) {
      throw usageFailure(`${word} needs a value. See fealty ${name} --help.`);
    }
  }
}

function parse(name: string, args: ArgsDef, rawArgs: readonly string[]): unknown {
  try {
    return parseArgs([...rawArgs], args);
  } catch (error) {
    // citty's own class is not exported; whatever its parser throws is about what was typed.
    const message = stripVTControlCharacters(error instanceof Error ? error.message : String(error));
    const [, missing] = /argument: (.+)$/.exec(message) ?? [];
    const what = missing === undefined ? message : `needs ${missing.toLowerCase()}`;
    throw usageFailure(`fealty ${name}: ${what.replace(/\.$/, '')}. See fealty ${name} --help.`);
  }
}

/** The known word that one or two slips of the finger lead to, if there is one. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map(each => ({ each, slips: distance(word, each) })).sort((a, b) => a.slips - b.slips);
  const best = ranked[0];
  return best && best.slips <= 2 ? best.each : undefined;
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
