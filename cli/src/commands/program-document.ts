import { readFileSync } from 'node:fs';
import type { GetProgramResponse, PlanProgramResponse } from '@fealty/sdk';
import { Failure } from '../failure.ts';
import { list, shortTime } from '../output.ts';

type Program = GetProgramResponse;
type Change = PlanProgramResponse['changes'][number];

/** A program document of a file, as it is written there. */
export function readDocument(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
  try {
    const document: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) return { ...document };
  } catch (error) {
    throw new Failure(`${file} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  throw new Failure(`${file} is JSON, but not an object: a program document is { "currency": ..., ... }`);
}

export function programText(program: Program): string {
  return `${programFacts(program)}\n\n${JSON.stringify(program.document, null, 2)}`;
}

export function programFacts(program: Program): string {
  const { effective_from } = program;
  return list([
    ['Program', program.program],
    ['Version', String(program.version)],
    ['In force', effective_from === null ? 'from the beginning' : `from ${shortTime(effective_from)}`],
    ['Published', shortTime(program.published_at)],
    ['Clock', clockText(program.clock)],
  ]);
}

export function clockText(clock: Program['clock']): string {
  return clock.kind === 'wall' ? 'real time' : `test clock at ${shortTime(clock.now)}`;
}

const MARKS = { added: '+', changed: '~', removed: '-' } as const;

/** One line for each change: a mark, the sentence, and where in the document it is. */
export const changesText = (changes: readonly Change[]): string =>
  changes.map(({ kind, sentence, pointer }) => `  ${MARKS[kind]} ${sentence} (${pointer})`).join('\n');

export function planText({ program, base_version, changes }: PlanProgramResponse): string {
  if (changes.length === 0) return `Nothing would change: this is version ${base_version} of ${program}.`;
  const how = changes.length === 1 ? '1 change' : `${changes.length} changes`;
  const what = base_version === 0 ? `${program} is new` : `Version ${base_version + 1} of ${program}`;
  return `${what}: ${how}.\n${changesText(changes)}`;
}
