import { accept, type Outcome } from '#platform/errors.ts';
import { checkDocument } from './mistakes.ts';
import { compile, type Program, type ProgramVersion } from './model.ts';

/** A document as the next version of a program would decide by it, without publishing it. Refusal: `program_invalid`. */
export function compileDraft(program: Program, document: unknown): Outcome<ProgramVersion> {
  const latest = program.versions.at(-1) as ProgramVersion;
  const numbers = new Map([...latest.units.values()].map(unit => [unit.name, unit.number]));
  const checked = checkDocument(document, {
    name: program.name,
    units: numbers.keys(),
    clock: program.clock.kind,
  });
  if (!checked.ok) return checked;
  for (const name of Object.keys(checked.value.units))
    if (!numbers.has(name)) numbers.set(name, numbers.size);
  const published = {
    version: latest.version + 1,
    effectiveFrom: null,
    publishedAt: latest.publishedAt,
    document: checked.value,
  };
  return accept(compile(published, numbers));
}
