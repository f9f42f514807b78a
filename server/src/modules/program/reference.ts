import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { conditionsReferenceText } from './conditions/reference.ts';
import { programDocument } from './document.ts';

/** A JSON Schema, as far as zod writes one for the program document. */
interface Schema {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  enum?: string[];
  const?: string;
}

const programSchema = (): Schema & Record<string, unknown> =>
  z.toJSONSchema(programDocument, { target: 'draft-2020-12' }) as Schema & Record<string, unknown>;

/** docs/reference/program.schema.json: for editors, which complete and check a program while it is written. */
export function programSchemaText(): string {
  const text = JSON.stringify({ title: 'A Fealty program', ...programSchema() }, null, 2);
  // Lists of words on one line, as the formatter of this repository wants them.
  const lists = /\[\n\s*("[^\n]*"(?:,\n\s*"[^\n]*")*)\n\s*\]/g;
  return `${text.replace(lists, (_, words: string) => `[${words.replaceAll(/,\n\s*/g, ', ')}]`)}\n`;
}

/** A program to start from. */
export const EXAMPLE = `{
  "currency": "USD",
  "currencies": { "EUR": { "rate": "1.08" } },
  "time_zone": "America/New_York",
  "units": {
    "points": { "redeemable": true, "worth": "0.01" }
  },
  "earning": [
    {
      "id": "base",
      "on": "order",
      "earn": { "unit": "points", "per_currency_unit": "1" },
      "expires": { "after": "P12M" }
    },
    {
      "id": "shoes",
      "on": "order",
      "when": { "category": ["shoes"] },
      "earn": { "unit": "points", "per_currency_unit": "2" },
      "pending": { "for": "P14D" },
      "expires": { "after": "P12M" }
    }
  ],
  "returns": { "if_spent": "clamp_to_zero" }
}`;

const HEAD = `# The program document

A program is one JSON document. \`fealty program set P --file FILE\` or \`PUT /v1/programs/P\` publishes it as the next
version; what is published stays for ever, and every entry of the ledger cites the rule and the version that made it.

- The first version covers all earlier time. A later one takes effect when it is published, or at the instant that
  \`effective_from\` names. An order is decided by the version in force when it occurred: the last one published among
  those that have begun by then. A version published for now therefore also replaces one that was to begin later.
- The same document again publishes nothing.
- Numbers are text in quotes, so that nothing is rounded on the way. Settings that do not exist are refused, and so is
  every contradiction, with the place of the mistake and a sentence about it.
- An editor that knows JSON Schema completes and checks the document with
  [program.schema.json](program.schema.json).

\`\`\`json
${EXAMPLE}
\`\`\`

This page is made from the engine's own schema.

## Settings

| setting | what it is | meaning |
|---|---|---|
`;

/** docs/reference/program.md: every setting of the document, with what the schema says about it. */
export const programReferenceText = (): string => `${HEAD}${rows('', programSchema()).join('\n')}\n`;

/** The rows of everything inside a schema; `at` is the path of the schema itself. */
function rows(at: string, schema: Schema): string[] {
  const result: string[] = [];
  const inside = (path: string, inner: Schema, required: boolean) => {
    result.push(
      `| \`${path}\` | ${kind(inner)}${required ? ', required' : ''} | ${cell(inner.description ?? '')} |`,
    );
    result.push(...rows(path, inner));
  };
  for (const [name, inner] of Object.entries(schema.properties ?? {}))
    inside(at === '' ? name : `${at}.${name}`, inner, schema.required?.includes(name) ?? false);
  if (typeof schema.additionalProperties === 'object')
    inside(`${at}.<name>`, schema.additionalProperties, false);
  if (schema.items) result.push(...rows(`${at}[]`, schema.items));
  // What two alternatives share is told once.
  for (const alternative of schema.anyOf ?? [])
    result.push(...rows(at, alternative).filter(row => !result.includes(row)));
  return result;
}

function kind(schema: Schema): string {
  if (schema.anyOf) return [...new Set(schema.anyOf.map(kind))].join(' or ');
  if (schema.const !== undefined) return `\`"${schema.const}"\``;
  if (schema.enum) return schema.enum.map(value => `\`"${value}"\``).join(', ');
  if (schema.type === 'array') return `list of ${plural(schema.items ?? {})}`;
  if (schema.type === 'string') return 'text';
  return schema.type === 'boolean' ? 'true or false' : 'object';
}

const plural = (schema: Schema): string => (schema.type === 'string' ? 'texts' : 'objects');

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** Where the pages are. */
export const referencePage = (name: string): URL =>
  new URL(`../../../../docs/reference/${name}`, import.meta.url);

// `node tools/run.mjs server/src/modules/program/reference.ts` writes them again after a change of the language.
if (import.meta.main) {
  writeFileSync(referencePage('program.md'), programReferenceText());
  writeFileSync(referencePage('conditions.md'), conditionsReferenceText());
  writeFileSync(referencePage('program.schema.json'), programSchemaText());
}
