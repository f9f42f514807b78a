import { hash128 } from '#platform/ids.ts';
import type { ProgramVersion } from '../../program/index.ts';

/** Whether no campaign applies to a member, for comparison: by a hash of the id, spread evenly over 2^32. */
export const isHeldOut = ({ holdout }: ProgramVersion, externalId: string): boolean =>
  holdout !== null &&
  Number.parseInt(hash128('holdout', holdout.salt, externalId).slice(0, 8), 16) / 2 ** 32 < holdout.share;
