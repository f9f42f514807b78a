import { compile } from '../../src/modules/program/model.ts';

type Document = Parameters<typeof compile>[0]['document'];

/** A version with these tiers and nothing else to speak of. */
export const compileVersion = (tiers: NonNullable<Document['tiers']>, timeZone = 'UTC') =>
  compile(
    {
      version: 1,
      effectiveFrom: null,
      publishedAt: 0,
      document: { currency: 'USD', units: { points: {} }, time_zone: timeZone, tiers },
    },
    new Map([['points', 0]]),
  );
