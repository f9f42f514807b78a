/*
 * Array literals for `unnest($1::bigint[], …)`. node-postgres can write arrays too, but goes through
 * every element's type; a batch has tens of thousands of elements whose types are known here.
 */

/** Numbers, bigints or null. */
export const numbers = (values: readonly (number | bigint | null)[]): string => {
  let text = '{';
  for (let i = 0; i < values.length; i += 1)
    text += i === 0 ? (values[i] ?? 'null') : `,${values[i] ?? 'null'}`;
  return `${text}}`;
};

export const booleans = (values: readonly boolean[]): string =>
  `{${values.map(value => (value ? 't' : 'f')).join(',')}}`;

const SPECIAL = /["\\]/;
const escapeText = (value: string): string =>
  SPECIAL.test(value) ? value.replace(/["\\]/g, character => `\\${character}`) : value;

/** Texts or null, each quoted. */
export const texts = (values: readonly (string | null)[]): string => {
  let text = '{';
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    text += i === 0 ? '' : ',';
    text += value === null || value === undefined ? 'null' : `"${escapeText(value)}"`;
  }
  return `${text}}`;
};

/*
 * JSON texts go as one string with a separator that JSON never holds, for `string_to_array($1, chr(30), chr(31))`:
 * escaping each quote of each JSON text for an array literal took a tenth of the engine's time.
 */
export const jsons = (values: readonly (string | null)[]): string =>
  values.map(value => value ?? '\u001f').join('\u001e');

/** Instants (epoch milliseconds) or null, as RFC 3339. Neighbours are often equal: the time of the batch. */
export const instants = (values: readonly (number | null)[]): string => {
  let last: number | null = null;
  let written = '';
  let text = '{';
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    text += i === 0 ? '' : ',';
    if (value === null || value === undefined) text += 'null';
    else {
      if (value !== last) {
        last = value;
        written = new Date(value).toISOString();
      }
      text += written;
    }
  }
  return `${text}}`;
};
