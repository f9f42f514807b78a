import { z } from 'zod';
import { settings } from './fields.ts';

const MOST_MEMBERS = 100;
const DEFAULT_MEMBERS = 10;

export const households = settings('"households"', {
  contribute: z
    .enum(['by_hand', 'automatic'], { error: 'Write "by_hand" or "automatic".' })
    .describe(
      'How points come into the wallet of a household: by transfers that its members ask for (`by_hand`), or all that its members can spend, within a minute (`automatic`). Default: by_hand.',
    )
    .optional(),
  on_leave: z
    .enum(['keep', 'give_back'], { error: 'Write "keep" or "give_back".' })
    .describe(
      'What a member who leaves gets: nothing (`keep`), or what is left of the points that the member contributed (`give_back`). Default: keep.',
    )
    .optional(),
  maximum_members: z
    .int({ error: 'Write a whole number, for example 6.' })
    .min(2, { error: 'Write at least 2.' })
    .max(MOST_MEMBERS, { error: `Write at most ${MOST_MEMBERS}.` })
    .describe(`How many members a household has at most. Default: ${DEFAULT_MEMBERS}.`)
    .optional(),
}).describe('Households: members who share a wallet. Default: there are none.');

/** What a program says about households. */
export interface Households {
  /** `households@version`, as entries cite it. */
  readonly ref: string;
  readonly automatic: boolean;
  readonly givesBack: boolean;
  readonly most: number;
}

/** Null where there are no households. */
export const compileHouseholds = (
  document: z.infer<typeof households> | undefined,
  version: number,
): Households | null =>
  document === undefined
    ? null
    : {
        ref: `households@${version}`,
        automatic: document.contribute === 'automatic',
        givesBack: document.on_leave === 'give_back',
        most: document.maximum_members ?? DEFAULT_MEMBERS,
      };
