import { spawnSync } from 'node:child_process';

/** What a document shows after a command: JSON or text. */
export interface Shown {
  readonly language: 'json' | 'text';
  readonly text: string;
  /** Where the text stands in the document. */
  readonly start: number;
}

/** One block of commands of a document, with the answer that the document shows for it. */
export interface Example {
  readonly line: number;
  readonly commands: readonly string[];
  /** The exit code of its last command: 0, or what the fence says (`sh exit=1`). */
  readonly exit: number;
  readonly shown: Shown | undefined;
}

interface Fence {
  language: string;
  info: string;
  text: string;
  start: number;
  line: number;
}

const FENCE = /^```([^\s`]*)([^\n`]*)\n([\s\S]*?)^```$/gm;
/** Every name that a fence of commands can have; a document that uses another escapes nobody. */
const COMMANDS = new Set(['sh', 'bash', 'shell', 'console', 'zsh']);

function fencesOf(text: string): Fence[] {
  return [...text.matchAll(FENCE)].map(
    ({ 0: whole, 1: language = '', 2: info = '', 3: body = '', index }) => ({
      language,
      info,
      text: body,
      start: index + whole.indexOf('\n') + 1,
      line: text.slice(0, index).split('\n').length + 1,
    }),
  );
}

export const showsCommands = (text: string): boolean =>
  fencesOf(text).some(({ language }) => COMMANDS.has(language));

/** The blocks of commands of a Markdown document in order. A `json` or `text` fence that comes next is the answer. */
export function examplesOf(text: string): Example[] {
  const fences = fencesOf(text);
  return fences.flatMap((fence, index): Example[] => {
    if (!COMMANDS.has(fence.language)) return [];
    const next = fences[index + 1];
    const isAnswer = next?.language === 'json' || next?.language === 'text';
    return [
      {
        line: fence.line,
        commands: commandsIn(fence.text),
        exit: Number(/\bexit=(\d+)/.exec(fence.info)?.[1] ?? 0),
        shown: isAnswer
          ? { language: next.language as Shown['language'], text: next.text, start: next.start }
          : undefined,
      },
    ];
  });
}

/** Splits a script into its commands: lines are added until the shell finds them complete. */
export function commandsIn(script: string): string[] {
  const commands: string[] = [];
  let command = '';
  for (const line of script.split('\n')) {
    if (command === '' && /^\s*(#.*)?$/.test(line)) continue;
    command += `${line}\n`;
    if (!isComplete(command)) continue;
    commands.push(command.trimEnd());
    command = '';
  }
  if (command !== '') throw new Error(`The shell waits for the end of: ${command}`);
  return commands;
}

function isComplete(command: string): boolean {
  // A here-document without its end is complete for the shell, which only warns.
  const word = /<<-?\s*'?(\w+)'?/.exec(command)?.[1];
  if (word !== undefined && !new RegExp(`^${word}$`, 'm').test(command)) return false;
  if (/\\\n$/.test(command)) return false;
  return spawnSync('sh', ['-n'], { input: command }).status === 0;
}
