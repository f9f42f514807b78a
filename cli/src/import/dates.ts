import type { Flaw } from './currencies.ts';

/** Reads the text of a date or time as an RFC 3339 instant in UTC with milliseconds. */
export type DateReader = (text: string) => string | Flaw;

/** A file has few distinct days: their texts are read once. Times of day hardly repeat and would only fill it. */
const MAX_KNOWN_DAYS = 20_000;
const LONGEST_DAY = 10;

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  milli: number;
  /** Minutes east of Greenwich as written in the text; undefined where the text names no offset. */
  offset: number | undefined;
}

type LocalTime = Omit<Fields, 'offset'>;

type Layout = { pattern: RegExp; tokens: readonly string[]; shown: string };

const TOKENS: Readonly<Record<string, string>> = {
  yyyy: '(\\d{4})',
  MM: '(\\d{2})',
  dd: '(\\d{2})',
  HH: '(\\d{2})',
  mm: '(\\d{2})',
  ss: '(\\d{2})',
  SSS: '(\\d{3})',
  M: '(\\d{1,2})',
  d: '(\\d{1,2})',
  H: '(\\d{1,2})',
  XXX: '(Z|[+-]\\d{2}:?\\d{2})',
};

const ISO: Layout = {
  pattern:
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i,
  tokens: ['yyyy', 'MM', 'dd', 'HH', 'mm', 'ss', 'fraction', 'XXX'],
  shown: 'an ISO date such as 2026-11-21 or 2026-11-21T10:00:00Z',
};

/** The patterns that `--date-format` understands, for help and for messages. */
export const DATE_FORMAT_HELP =
  'iso, or a pattern of yyyy MM dd HH mm ss SSS XXX (offset), M d H for one or two digits';

/**
 * Compiles a date format and a time zone once, so that a row costs a look-up (or one match in UTC).
 * `format` is `iso` or a pattern such as `yyyyMMdd` or `dd/MM/yyyy HH:mm`; `timeZone` is an IANA name and counts
 * only where a text names no offset. Returns a sentence where either is unusable.
 */
export async function createDateReader(format: string, timeZone: string): Promise<DateReader | string> {
  const layout = format === 'iso' ? ISO : compile(format);
  if (typeof layout === 'string') return layout;
  const zone = await createZone(timeZone);
  if (typeof zone === 'string') return zone;
  const known = new Map<string, string>();
  return text => {
    if (text.length > LONGEST_DAY) return read(text, layout, zone);
    const before = known.get(text);
    if (before !== undefined) return before;
    const instant = read(text, layout, zone);
    if (typeof instant === 'string') {
      if (known.size >= MAX_KNOWN_DAYS) known.clear();
      known.set(text, instant);
    }
    return instant;
  };
}

function compile(format: string): Layout | string {
  const tokens: string[] = [];
  let pattern = '';
  const pieces = format.match(/yyyy|MM?|dd?|HH?|mm|SSS|ss|XXX|'[^']*'|./gs) ?? [];
  for (const piece of pieces) {
    const token = TOKENS[piece];
    if (token !== undefined) {
      if (tokens.includes(piece)) return `the date format ${format} has ${piece} twice`;
      tokens.push(piece);
      pattern += token;
    } else if (/^[A-SU-Za-z]/.test(piece)) {
      return `the date format ${format} has ${piece}, which is not one of: ${DATE_FORMAT_HELP}`;
    } else {
      // Text between single quotes stands for itself, as T does by itself.
      pattern += piece.replaceAll("'", '').replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
    }
  }
  const has = (name: string) => tokens.some(token => token === name);
  if (!has('yyyy') || !(has('MM') || has('M')) || !(has('dd') || has('d'))) {
    return `the date format ${format} needs a year (yyyy), a month (MM) and a day (dd)`;
  }
  return { pattern: new RegExp(`^${pattern}$`), tokens, shown: `a date written as ${format}` };
}

function read(text: string, layout: Layout, zone: Zone): string | Flaw {
  if (text === '') return { code: 'date_missing', detail: 'the row has no date' };
  const match = layout.pattern.exec(text);
  if (!match) return { code: 'date_invalid', detail: `${text} is not ${layout.shown}` };
  const fields = fieldsOf(match, layout.tokens);
  if (!isOnTheCalendar(fields)) {
    return { code: 'date_invalid', detail: `${text} is not a day and time of the calendar` };
  }
  const offset = fields.offset ?? (zone.isUtc ? 0 : zone.offsetAt(fields));
  if (offset === 0) return written(fields);
  return new Date(asIfUtc(fields) - offset * 60_000).toISOString();
}

const FIELD_OF: Readonly<Record<string, keyof Fields>> = {
  yyyy: 'year',
  MM: 'month',
  M: 'month',
  dd: 'day',
  d: 'day',
  HH: 'hour',
  H: 'hour',
  mm: 'minute',
  ss: 'second',
  SSS: 'milli',
  fraction: 'milli',
  XXX: 'offset',
};

function fieldsOf(match: RegExpExecArray, tokens: readonly string[]): Fields {
  const fields: Fields = {
    year: 0,
    month: 0,
    day: 0,
    hour: 0,
    minute: 0,
    second: 0,
    milli: 0,
    offset: undefined,
  };
  for (let i = 0; i < tokens.length; i++) {
    const value = match[i + 1];
    const field = FIELD_OF[tokens[i] ?? ''];
    if (value === undefined || field === undefined) continue;
    if (field === 'offset') fields.offset = offsetOf(value);
    // The ledger keeps milliseconds; what is finer is cut off, never rounded into the next second.
    else if (field === 'milli') fields.milli = Number(value.padEnd(3, '0').slice(0, 3));
    else fields[field] = Number(value);
  }
  return fields;
}

function offsetOf(text: string): number {
  if (text === 'Z' || text === 'z') return 0;
  const digits = text.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return text.startsWith('-') ? -minutes : minutes;
}

function isOnTheCalendar(f: Fields): boolean {
  if (f.month < 1 || f.month > 12 || f.day < 1 || f.day > daysIn(f.year, f.month)) return false;
  if (f.offset !== undefined && Math.abs(f.offset) >= 24 * 60) return false;
  return f.hour < 24 && f.minute < 60 && f.second < 60;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`);

function written(f: Fields): string {
  const day = `${String(f.year).padStart(4, '0')}-${two(f.month)}-${two(f.day)}`;
  return `${day}T${two(f.hour)}:${two(f.minute)}:${two(f.second)}.${String(f.milli).padStart(3, '0')}Z`;
}

function asIfUtc(f: LocalTime): number {
  // Date.UTC reads the years 0 to 99 as 1900 to 1999; the text says what it means.
  const date = new Date(0);
  date.setUTCFullYear(f.year, f.month - 1, f.day);
  return date.setUTCHours(f.hour, f.minute, f.second, f.milli);
}

interface Zone {
  isUtc: boolean;
  /** Minutes east of Greenwich at a local time; a time that a clock change skips is read as the one after it. */
  offsetAt(local: Fields): number;
}

const UTC: Zone = { isUtc: true, offsetAt: () => 0 };

/** Most days have one offset, so each day is asked once; only the days of a clock change are asked by the time. */
async function createZone(timeZone: string): Promise<Zone | string> {
  if (/^(utc|z|etc\/utc|gmt)$/i.test(timeZone)) return UTC;
  const { Temporal } = await import('temporal-polyfill');
  const offset = (f: LocalTime): number => {
    const { year, month, day, hour, minute, second } = f;
    const local = new Temporal.PlainDateTime(year, month, day, hour, minute, second);
    const zoned = local.toZonedDateTime(timeZone, { disambiguation: 'compatible' });
    // The wall clock of a skipped time moves, so the offset is what leads from the text to the instant.
    const asWritten = asIfUtc({ ...f, milli: 0 });
    return (asWritten - zoned.epochMilliseconds) / 60_000;
  };
  try {
    offset({ year: 2000, month: 1, day: 1, hour: 0, minute: 0, second: 0, milli: 0 });
  } catch {
    return `${timeZone} is not a time zone; use an IANA name such as Europe/Amsterdam, or UTC`;
  }
  const days = new Map<number, number | null>();
  return {
    isUtc: false,
    offsetAt(f) {
      const key = (f.year * 12 + f.month) * 31 + f.day;
      let whole = days.get(key);
      if (whole === undefined) {
        const first = offset({ ...f, hour: 0, minute: 0, second: 0 });
        const last = offset({ ...f, hour: 23, minute: 59, second: 59 });
        whole = first === last ? first : null;
        if (days.size >= MAX_KNOWN_DAYS) days.clear();
        days.set(key, whole);
      }
      return whole ?? offset(f);
    },
  };
}
