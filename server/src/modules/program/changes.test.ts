import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { changesBetween, isSameDocument } from './changes.ts';
import { KINDS } from './changes.words.ts';
import { type ProgramDocument, programDocument } from './document.ts';

type Json = Record<string, unknown>;

const BASE: ProgramDocument = {
  currency: 'USD',
  currencies: { EUR: { rate: '1.08' }, JPY: [{ from: '2026-01-01T00:00:00Z', rate: '0.0065' }] },
  units: { points: { worth: '0.01' }, nights: { redeemable: false } },
  earning: [
    { id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } },
    { id: 'rooms', on: 'order', when: { kind: ['hotel'] }, earn: { unit: 'nights', fixed: '1' } },
  ],
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P12M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'silver', from: '200', multiplier: '1.25' },
    ],
  },
  campaigns: [
    {
      id: 'weekend',
      until: '2026-03-29T24:00',
      audience: { channels: ['app', 'web'] },
      effect: { multiply: '2' },
      budget: { points: '50000' },
    },
  ],
};

/** BASE with the value at a path replaced, or left out where it is undefined. */
function changed(path: (string | number)[], value: unknown): ProgramDocument {
  const document = structuredClone(BASE) as Json;
  let place = document;
  for (const step of path.slice(0, -1)) place = place[step] as Json;
  const last = path.at(-1) as string;
  if (value === undefined) delete place[last];
  else place[last] = value;
  return document as ProgramDocument;
}

const [base, rooms] = BASE.earning ?? [];
const CHANGES: [
  path: (string | number)[],
  value: unknown,
  pointer: string,
  kind: string,
  sentence: string,
][] = [
  [
    ['tiers', 'levels', 1, 'multiplier'],
    '1.5',
    '/tiers/levels/1/multiplier',
    'changed',
    'The multiplier of the level "silver" is raised from 1.25 to 1.5.',
  ],
  [
    ['tiers', 'levels', 1, 'from'],
    '1000',
    '/tiers/levels/1/from',
    'changed',
    'The sum at the beginning of the level "silver" is raised from 200 to 1000.',
  ],
  [
    ['campaigns', 0, 'budget', 'points'],
    '9000',
    '/campaigns/0/budget/points',
    'changed',
    'The budget in points of the campaign "weekend" is lowered from 50000 to 9000.',
  ],
  [
    ['campaigns', 0, 'effect'],
    { percent: '12.5' },
    '/campaigns/0/effect/percent',
    'added',
    'The percentage of the campaign "weekend" is set: 12.5.',
  ],
  [
    ['campaigns', 0, 'budget'],
    undefined,
    '/campaigns/0/budget/points',
    'removed',
    'The budget in points of the campaign "weekend" is left out; it was 50000.',
  ],
  [
    ['campaigns', 0, 'cap'],
    { points: '10', per: 'day' },
    '/campaigns/0/cap/points',
    'added',
    'The cap on points of the campaign "weekend" is set: 10.',
  ],
  [
    ['campaigns', 0, 'until'],
    '2026-03-30T24:00',
    '/campaigns/0/until',
    'changed',
    'The end of the campaign "weekend" is changed from 2026-03-29T24:00 to 2026-03-30T24:00.',
  ],
  [
    ['campaigns', 0, 'audience', 'channels'],
    ['app'],
    '/campaigns/0/audience/channels',
    'changed',
    'The channels of the campaign "weekend" are changed from app, web to app.',
  ],
  [['campaigns'], undefined, '/campaigns/0', 'removed', 'The campaign "weekend" is removed.'],
  [
    ['earning'],
    [base, rooms, { id: 'more', on: 'order', earn: { unit: 'points', fixed: '5' } }],
    '/earning/2',
    'added',
    'The rule "more" is added.',
  ],
  [['earning'], [rooms], '/earning/0', 'removed', 'The rule "base" is removed.'],
  [['earning'], [rooms, base], '/earning', 'changed', 'The rules stand in another order: rooms, base.'],
  [
    ['earning', 0, 'earn', 'per_currency_unit'],
    '1.0',
    '/earning/0/earn/per_currency_unit',
    'changed',
    'The points for each currency unit of the rule "base" are written differently: from 1 to 1.0.',
  ],
  [['units', 'stars'], {}, '/units/stars', 'added', 'The unit "stars" is added.'],
  [
    ['units', 'points', 'qualifying'],
    true,
    '/units/points/qualifying',
    'added',
    '"qualifying" of the unit "points" is set: true.',
  ],
  [
    ['currencies', 'EUR', 'rate'],
    '1.07',
    '/currencies/EUR/rate',
    'changed',
    'The rate of the currency "EUR" is lowered from 1.08 to 1.07.',
  ],
  [
    ['currencies', 'JPY'],
    { rate: '0.007' },
    '/currencies/JPY',
    'changed',
    'The currency "JPY" is changed from [{"from":"2026-01-01T00:00:00Z","rate":"0.0065"}] to {"rate":"0.007"}.',
  ],
  [['time_zone'], 'Europe/Paris', '/time_zone', 'added', 'The time zone is set: Europe/Paris.'],
];

for (const [path, value, pointer, kind, sentence] of CHANGES)
  test(`a change in words: ${sentence}`, () => {
    const changes = changesBetween(BASE, changed(path, value));
    assert.deepEqual(
      changes.map(change => [change.pointer, change.kind, change.sentence])[0],
      [pointer, kind, sentence],
      JSON.stringify(changes),
    );
  });

test('for a program that does not exist yet everything is added', () => {
  const changes = changesBetween(null, BASE);
  assert.deepEqual(
    changes.map(change => change.sentence),
    [
      'The currency is set: USD.',
      'The currency "EUR" is added.',
      'The currency "JPY" is added.',
      'The unit "points" is added.',
      'The unit "nights" is added.',
      'The rule "base" is added.',
      'The rule "rooms" is added.',
      'What qualifies for the tiers is set: spend.',
      'The window of the tiers is set: P12M.',
      'The level "bronze" is added.',
      'The level "silver" is added.',
      'The campaign "weekend" is added.',
    ],
  );
});

test('the name and the clock of a document are no change of a program that is there', () => {
  const named: ProgramDocument = { ...BASE, program: 'shop', clock: { test: '2026-01-01T00:00:00Z' } };
  assert.deepEqual(changesBetween(BASE, named), []);
  assert.equal(isSameDocument(BASE, named), true);
  assert.equal(isSameDocument(BASE, { ...named, rounding: 'floor' }), false);
  const made = changesBetween(null, named).map(change => change.sentence);
  assert.ok(made.includes('The test clock is set: 2026-01-01T00:00:00Z.'), made.join(' '));
});

test('everything in a document that has a name is compared by it', () => {
  interface Schema {
    properties?: Record<string, Schema>;
    items?: Schema;
    additionalProperties?: Schema | false;
  }
  const named = ({ properties = {} }: Schema, path: string[] = []): string[] =>
    Object.entries(properties).flatMap(([name, schema]) => {
      const place = [...path, name];
      const isNamed = schema.items?.properties?.['id'] ?? schema.additionalProperties;
      return isNamed ? [place.join('/')] : named(schema, place);
    });
  const all = named(z.toJSONSchema(programDocument) as unknown as Schema);
  assert.ok(all.includes('tiers/levels'));
  assert.deepEqual(
    all.filter(place => KINDS[place] === undefined),
    [],
  );
});

test('a long value is cut in the sentence, not in the change', () => {
  const condition = `order.total >= ${'0'.repeat(500)}1`;
  const [change] = changesBetween(BASE, changed(['campaigns', 0, 'if'], condition));
  assert.equal(change?.new, condition);
  assert.match(
    change?.sentence ?? '',
    /^The condition of the campaign "weekend" is set: order.total.{1,190}…\.$/,
  );
});

test('no change for the same document in another order of properties, at least one for another', () => {
  const documents = [BASE, ...CHANGES.map(([path, value]) => changed(path, value))];
  for (const [i, one] of documents.entries())
    for (const [j, other] of documents.entries())
      assert.equal(changesBetween(one, other).length === 0, i === j, `${i} ${j}`);
  const turned = Object.fromEntries(Object.entries(BASE).toReversed()) as ProgramDocument;
  assert.deepEqual(changesBetween(BASE, turned), []);
});

const at = (document: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((value, step) => (value as Json | undefined)?.[step], document);

test('every pointer leads to what the change tells, in the later document or, of what is removed, in the earlier', () => {
  const value = fc.constantFrom(...CHANGES.map(([path, value]) => [path, value] as const));
  const document = fc.array(value, { maxLength: 6 }).map(list => {
    const result = structuredClone(BASE) as Json;
    for (const [path, next] of list) {
      const place = path
        .slice(0, -1)
        .reduce<Json | undefined>((inner, step) => inner?.[step] as Json, result);
      if (place === undefined) continue;
      if (next === undefined) delete place[path.at(-1) as string];
      else place[path.at(-1) as string] = structuredClone(next);
    }
    return result as ProgramDocument;
  });
  fc.assert(
    fc.property(document, document, (before, after) => {
      for (const change of changesBetween(before, after)) {
        if (change.kind === 'removed') assert.deepEqual(at(before, change.pointer), change.old);
        else if (Array.isArray(change.new) && change.pointer === '/earning') continue;
        else assert.deepEqual(at(after, change.pointer), change.new);
      }
    }),
  );
});
