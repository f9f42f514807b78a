import type { ParseError } from '@marcbachmann/cel-js';

/*
 * What a marketer reads about a condition that is refused.
 */

/** Thrown inside the compiler and turned into a refusal at its door; never leaves this folder. */
export class Refused extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

export function reject(at: number, message: string): never {
  throw new Refused(at, message);
}

/** The candidate that was probably meant: equal but for its case, or with about a third of its letters wrong, at most three. */
export function nearest(written: string, candidates: Iterable<string>): string | undefined {
  const word = written.toLowerCase();
  let best: string | undefined;
  let least = Math.min(4, Math.floor((word.length + 2) / 3) + 1);
  for (const candidate of candidates) {
    const wrong = editsBetween(word, candidate.toLowerCase());
    if (wrong < least) {
      best = candidate;
      least = wrong;
    }
  }
  return best;
}

/** How many letters have to be put in, taken out or changed (Levenshtein 1966), row by row. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

export const didYouMean = (meant: string | undefined): string =>
  meant === undefined ? '' : ` Did you mean "${meant}"?`;

/** Signs that people write for those of CEL. */
const SIGNS: readonly [pattern: RegExp, message: string][] = [
  [/^and\b/i, 'Write && for "and".'],
  [/^or\b/i, 'Write || for "or".'],
  [/^not\s+in\b/i, `Write !(order.kind in ['hotel']) for "not in".`],
  [/^not\b/i, 'Write ! for "not".'],
  [/^is\b/i, 'Write == for "is".'],
  [/^=[<>]/, 'Write <= or >=, with the equals sign last.'],
  [/^=(?!=)/, 'Write == to compare.'],
  [/^&/, 'Write && for "and".'],
  [/^\|/, 'Write || for "or".'],
  [/^>(?=.)/, 'Write != for "not equal".'],
  [/^[“”„‘’‚«»]/, `Write texts in straight quotes: 'hotel'.`],
  [/^\?/, 'Optional values (?) are not part of conditions.'],
];

const EXPECTED: Readonly<Record<string, string>> = {
  RPAREN: 'A closing parenthesis ) is missing.',
  RBRACKET: 'A closing bracket ] is missing.',
  COLON: 'Write "condition ? value : other value", with a colon.',
  IDENTIFIER: 'A name is missing after the point.',
};

/** A sentence for what the parser found, and where. */
export function syntaxMistake(error: ParseError, text: string): { message: string; at: number } {
  const at = Math.min(error.range?.start ?? 0, text.length);
  const rest = text.slice(at);
  return { at, message: sentenceFor(error, rest) };
}

function sentenceFor(error: ParseError, rest: string): string {
  switch (error.code) {
    case 'unterminated_string':
    case 'unterminated_triple_quoted_string':
    case 'newline_in_string':
      return 'The text that begins here has no closing quote on its line.';
    case 'limit_exceeded':
      return 'The condition is nested too deeply. Take it apart into several campaigns, or leave parentheses out.';
    case 'invalid_macro_argument':
      return 'Name the line first: order.lines.exists(line, line.category == "shoes").';
    case 'reserved_identifier':
      return `"${/^\w+/.exec(rest)?.[0]}" is a word of CEL itself and cannot be a name.`;
    case 'invalid_number':
    case 'invalid_integer':
    case 'invalid_hex_integer':
    case 'invalid_exponent':
      return 'This is not a number.';
  }
  if (error.code.includes('escape') || error.code === 'invalid_unicode_surrogate')
    return 'A backslash in a text stands before a quote or another backslash; write \\\\ for a backslash.';
  const missing = EXPECTED[/^Expected (\w+)/.exec(error.summary)?.[1] ?? ''];
  const sign = SIGNS.find(([pattern]) => pattern.test(rest))?.[1];
  if (rest.trim() === '') return missing ?? 'Something is missing at the end.';
  return sign ?? missing ?? `"${/^(\w+|.)/u.exec(rest)?.[0]}" does not belong here.`;
}
