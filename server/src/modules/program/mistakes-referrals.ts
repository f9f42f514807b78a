import { minorUnitExponent } from '#platform/currency.ts';
import type { ProgramDocument } from './document.ts';
import { type Mistake, mistakeInAmount, mistakeInDuration } from './mistake.ts';
import { mistakeInUnit, mistakesInBonus } from './mistakes-activities.ts';
import { mistakesInTerms } from './mistakes-terms.ts';

/** What is wrong with the referrals of a document. */
export function* mistakesInReferrals(document: ProgramDocument): Generator<Mistake> {
  const { referrals, currency } = document;
  if (referrals === undefined) return;
  if (namesOf(document).includes(referrals.id))
    yield {
      pointer: '/referrals/id',
      message: `Something else in the program has the id "${referrals.id}" too. Give the referrals their own.`,
    };
  const sides = (['referrer', 'friend'] as const).filter(name => referrals[name] !== undefined);
  if (sides.length === 0)
    yield {
      pointer: '/referrals',
      message: 'Say who gets something: "referrer", "friend", or both.',
    };
  for (const name of sides) {
    const side = referrals[name] as NonNullable<typeof referrals.referrer>;
    const at = `/referrals/${name}`;
    yield* mistakeInUnit(`${at}/earn/unit`, side.earn.unit, document);
    yield* mistakesInBonus(at, side, 'A referral');
    yield* mistakesInTerms(at, side);
  }
  yield* mistakeInDuration('/referrals/within', referrals.within);
  const exponent = minorUnitExponent(currency);
  if (referrals.minimum !== undefined && exponent !== undefined)
    yield* mistakeInAmount('/referrals/minimum', referrals.minimum, currency, exponent);
}

/** The ids of what entries cite otherwise. */
const namesOf = ({ earning, tiers, campaigns, rewards, streaks }: ProgramDocument): string[] =>
  [earning, tiers?.levels, campaigns, rewards, streaks].flatMap(items => (items ?? []).map(({ id }) => id));
