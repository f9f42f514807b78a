import { createOutput, type Output } from '../src/output.ts';

/** An output that keeps what it is given. */
export interface Kept {
  output: Output;
  out(): string;
  err(): string;
}

/** Collects what a command prints, as if into pipes. */
export function keptOutput(json = false): Kept {
  const out: string[] = [];
  const err: string[] = [];
  const stdout = { write: (text: string) => out.push(text) };
  const stderr = { write: (text: string) => err.push(text) };
  const streams = { stdin: {}, stdout, stderr } as unknown as NodeJS.Process;
  return { output: createOutput(streams, json), out: () => out.join(''), err: () => err.join('') };
}
