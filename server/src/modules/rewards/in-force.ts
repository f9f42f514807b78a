import { accept, type Outcome, refuse } from '#platform/errors.ts';
import { type ProgramVersion, type Unit, versionAt } from '../program/index.ts';
import type { ProgramInForce } from './model.ts';

/** The version by which a command is decided that happens now. */
export const inForce = (program: unknown): ProgramVersion => {
  const { program: versions, now } = program as ProgramInForce;
  return versionAt(versions, now);
};

/** The unit of a name, or the program's default one, if members can spend it. */
export function unitOfPoints(name: string | null, version: ProgramVersion): Outcome<Unit> {
  const unit = name === null ? version.defaultUnit : version.units.get(name);
  if (unit === undefined)
    return refuse('unit_unknown', `The program counts ${[...version.units.keys()].join(', ')}, not ${name}.`);
  return unit.redeemable
    ? accept(unit)
    : refuse('unit_not_redeemable', `${unit.name} only count towards a tier; they cannot be redeemed.`);
}
