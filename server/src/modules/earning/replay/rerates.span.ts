import { type Program, type ProgramVersion, versionAt } from '../../program/index.ts';

/** What is decided again: what occurred in [from, to), by one version or by those in force. */
export interface RerateSpan {
  readonly from: number;
  readonly to: number;
  readonly version: number | null;
}

export const isIn = ({ from, to }: RerateSpan, at: number): boolean => at >= from && at < to;

/** The version that decides what occurred at `at`. */
export const versionFor = (program: Program, { version }: RerateSpan, at: number): ProgramVersion =>
  version === null ? versionAt(program, at) : (program.versions[version - 1] as ProgramVersion);
