import { isCountry } from '#platform/countries.ts';
import { compileCondition } from './conditions/compile.ts';
import type { ProgramDocument } from './document.ts';
import type { Mistake } from './mistake.ts';
import { MAX_SEGMENTS } from './segments.section.ts';

/** What a segment may read: what is true of the member, whatever is bought. */
const ABOUT_MEMBERS: ReadonlySet<string> = new Set(['member', 'history', 'tier']);

/** Codes that people write for countries that have another. */
const USUAL_SLIPS: Readonly<Record<string, string>> = { UK: 'GB', EN: 'GB', EL: 'GR' };

/** What is wrong with the segments of a document, and with what audiences say of members. */
export function* mistakesInSegments(document: ProgramDocument): Generator<Mistake> {
  const tiers = (document.tiers?.levels ?? []).map(level => level.id);
  const segments = Object.entries(document.segments ?? {});
  if (segments.length > MAX_SEGMENTS)
    yield { pointer: '/segments', message: `A program has at most ${MAX_SEGMENTS} segments.` };
  for (const [name, segment] of segments) yield* mistakesInSegment(`/segments/${name}/if`, segment.if, tiers);
  for (const kind of ['campaigns', 'challenges'] as const)
    for (const [index, { audience }] of (document[kind] ?? []).entries()) {
      const at = `/${kind}/${index}/audience`;
      yield* mistakesInSegmentNames(document, audience?.segments, `${at}/segments`);
      for (const [place, code] of (audience?.countries ?? []).entries())
        if (!isCountry(code)) yield { pointer: `${at}/countries/${place}`, message: noCountry(code) };
    }
}

/** Segments that an audience names and the program does not have. */
export function* mistakesInSegmentNames(
  document: ProgramDocument,
  asked: readonly string[] | undefined,
  at: string,
): Generator<Mistake> {
  const names = Object.keys(document.segments ?? {});
  for (const [place, name] of (asked ?? []).entries())
    if (!names.includes(name))
      yield {
        pointer: `${at}/${place}`,
        message:
          names.length === 0
            ? `This program has no segments, so nobody is in "${name}". Add it under "segments".`
            : `This program has no segment "${name}". Its segments are ${names.join(', ')}.`,
      };
}

function* mistakesInSegment(pointer: string, text: string, tiers: readonly string[]): Generator<Mistake> {
  const compiled = compileCondition(text, tiers);
  if (!compiled.ok) {
    yield { pointer, message: `At character ${compiled.at + 1} of the condition: ${compiled.message}` };
    return;
  }
  const { reads } = compiled.condition;
  if (reads.has('segments'))
    yield {
      pointer,
      message: 'A segment cannot be made of segments. Write the conditions of the other one here.',
    };
  else if ([...reads].some(what => !ABOUT_MEMBERS.has(what)))
    yield {
      pointer,
      message:
        'A segment is about members, whatever they buy and when, so it reads "member" and "tier" only. Write what the order must be like as the condition of the campaign.',
    };
}

const noCountry = (code: string): string => {
  const meant = USUAL_SLIPS[code.toUpperCase()] ?? code.toUpperCase();
  return isCountry(meant)
    ? `"${code}" is not a country of ISO 3166-1. Did you mean "${meant}"?`
    : `"${code}" is not a country. Write its two capital letters (ISO 3166-1), for example "NL".`;
};
