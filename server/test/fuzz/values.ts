import fc from 'fast-check';
import type { ApiDocument, Schema } from './document.ts';

/**
 * A value that is known only when the request is sent: an id of something that exists by then. It stands anywhere in a
 * generated request and is resolved with the world as it is.
 */
export type Recipe<World> = (world: World) => unknown;

/** Replaces every recipe in a generated value by what it gives; properties that come out undefined are left out. */
export function resolve<World>(value: unknown, world: World): unknown {
  if (typeof value === 'function') return resolve((value as Recipe<World>)(world), world);
  if (Array.isArray(value)) return value.map(item => resolve(item, world));
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const found = resolve(inner, world);
    if (found !== undefined)
      Object.defineProperty(result, name, {
        value: found,
        enumerable: true,
        writable: true,
        configurable: true,
      });
  }
  return result;
}

/** Gives a better arbitrary for a value of this name than its schema alone can. */
export type Hint = (name: string) => fc.Arbitrary<unknown> | undefined;

const DATE_TIME = fc
  .tuple(
    fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
    fc.constantFrom('Z', 'z', '+00:00', '-11:30', '+14:00'),
  )
  .map(([date, zone]) => `${date.toISOString().slice(0, -1)}${zone}`);

/** Values that a JSON Schema of the document allows. */
export function arbitraryOf(
  document: ApiDocument,
  raw: Schema,
  hint: Hint,
  name = '',
): fc.Arbitrary<unknown> {
  const hinted = hint(name);
  if (hinted !== undefined) return hinted;
  const schema = document.resolve(raw);
  const either = schema.anyOf ?? schema.oneOf;
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (either !== undefined) return fc.oneof(...either.map(one => arbitraryOf(document, one, hint, name)));
  if (schema.type === 'object') return objectOf(document, schema, hint);
  if (schema.type === 'array')
    return fc.array(arbitraryOf(document, schema.items ?? {}, hint, `${name}[]`), {
      minLength: schema.minItems ?? 0,
      maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? 3, 3)),
    });
  if (schema.type === 'string') return stringOf(schema);
  if (schema.type === 'integer')
    return fc.integer({ min: schema.minimum ?? -(2 ** 31), max: schema.maximum ?? 2 ** 31 });
  if (schema.type === 'number') return fc.double({ noNaN: true, noDefaultInfinity: true });
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'null') return fc.constant(null);
  return fc.jsonValue({ maxDepth: 2 });
}

function objectOf(document: ApiDocument, schema: Schema, hint: Hint): fc.Arbitrary<unknown> {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length > 0)
    return fc.record(
      Object.fromEntries(
        properties.map(([property, inner]) => [property, arbitraryOf(document, inner, hint, property)]),
      ),
      { requiredKeys: schema.required ?? [] },
    );
  const names = arbitraryOf(
    document,
    schema.propertyNames ?? { type: 'string' },
    hint,
  ) as fc.Arbitrary<string>;
  return fc.dictionary(names, arbitraryOf(document, schema.additionalProperties || {}, hint), { maxKeys: 4 });
}

function stringOf({ pattern, format, minLength = 0, maxLength = 300 }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return DATE_TIME;
  if (pattern === undefined)
    return fc.string({ minLength, maxLength: Math.min(maxLength, 40), unit: 'grapheme' });
  // fast-check makes no characters of a category by its name.
  const named = pattern
    .replaceAll('\\p{Cc}', '\\u0000-\\u001f\\u007f-\\u009f')
    .replaceAll('\\p{Cs}', '\\ud800-\\udfff');
  return fc
    .stringMatching(new RegExp(named, 'u'), { size: 'small' })
    .filter(text => [...text].length >= minLength && [...text].length <= maxLength);
}
