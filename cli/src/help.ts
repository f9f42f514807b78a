import type { ArgDef, ArgsDef } from 'citty';

export interface Example {
  command: string;
  does: string;
}

/** What the help of one command says. */
export interface CommandHelp {
  /** As typed: `import orders`. */
  name: string;
  summary: string;
  args: ArgsDef;
  examples: readonly Example[];
  /** What the options alone do not say; whole paragraphs. */
  notes?: readonly string[];
}

const WIDTH = 100;

/** The help of one command, as plain text that can be piped. */
export function commandHelp({ name, summary, args, examples, notes = [] }: CommandHelp): string {
  const entries = Object.entries(args);
  const positionals = entries.filter(([, arg]) => arg.type === 'positional');
  const options = entries.filter(([, arg]) => arg.type !== 'positional');
  const required = options.filter(([, arg]) => arg.required).map(([word, arg]) => optionText(word, arg));
  const usage = ['fealty', name, ...positionals.map(([word]) => `<${word}>`), ...required, '[options]'];
  return [
    summary,
    ...section('Usage', [usage.join(' ')]),
    ...section('Arguments', rows(positionals.map(([word, arg]) => [`<${word}>`, arg.description ?? '']))),
    ...section('Options', rows(options.map(([word, arg]) => [optionText(word, arg), meaning(arg)]))),
    ...section(
      'Examples',
      examples.flatMap(({ command, does }) => [`# ${does}`, ...command.split('\n')]),
    ),
    ...section(
      'Notes',
      notes.flatMap(note => wrap(note, WIDTH - 2)),
    ),
  ].join('\n');
}

/** The help of several commands under one word. */
export function groupHelp(
  name: string,
  summary: string,
  commands: Readonly<Record<string, { summary: string }>>,
): string {
  const typed = ['fealty', name].filter(Boolean).join(' ');
  return [
    summary,
    ...section('Usage', [`${typed} <command> [options]`]),
    ...section('Commands', rows(Object.entries(commands).map(([word, each]) => [word, each.summary]))),
    '',
    `See ${typed} <command> --help for one command.`,
  ].join('\n');
}

function optionText(word: string, arg: ArgDef): string {
  const value = arg.type === 'boolean' ? '' : ` ${arg.valueHint ?? word.toUpperCase()}`;
  const short = 'alias' in arg && arg.alias ? `-${arg.alias}, ` : '';
  return `${short}--${word}${value}`;
}

function meaning(arg: ArgDef): string {
  const fallback = typeof arg.default === 'string' ? ` (default: ${arg.default})` : '';
  return `${arg.description ?? ''}${fallback}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map(line => `  ${line}`)];
}

/** Two columns; what does not fit on one line goes on under its own column. */
function rows(pairs: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(0, ...pairs.map(([left]) => left.length)) + 2;
  return pairs.flatMap(([left, right]) =>
    wrap(right, WIDTH - 2 - width).map((text, index) => `${(index === 0 ? left : '').padEnd(width)}${text}`),
  );
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
