/*
 * Array literals for `unnest($1::bigint[], …)`. node-postgres can write arrays too, but goes through
 * every element's type; a batch has tens of thousands of elements whose types are known here.
 */

/** Numbers, bigints or null. */
export const numbers = (values: readonly (number | bigint | null)[]): string => {
  let text = '{';
  for (let i = 0; i < values.length; i += 1) text += i === 0 ? (values[i] ?? 'null') : `,${values[i] ?? 'null'}`;
  return `${text}}`;
};

const SPECIAL = /["\\]/;
const escapeText = (value: string): string =>
  SPECIAL.test(value) ? value.replace(/["\\]/g, (character) => `\\${character}`) : value;

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

/** Instants (epoch milliseconds) or null, as RFC 3339. */
export const instants = (values: readonly (number | null)[]): string => {
  let text = '{';
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    text += i === 0 ? '' : ',';
    text += value === null || value === undefined ? 'null' : new Date(value).toISOString();
  }
  return `${text}}`;
};
