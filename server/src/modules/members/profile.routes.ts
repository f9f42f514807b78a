import { z } from 'zod';
import { isTimeZone } from '#platform/calendar.ts';
import { isCountry } from '#platform/countries.ts';
import { accept, type Outcome } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { formatInstant, instant, line, reference } from '#platform/http/schemas.ts';
import { type Done, type Ledger, memberText } from '../ledger/index.ts';
import { memberId } from './model.ts';
import { MAX_ATTRIBUTES, type Profile, type ProfileChange } from './profile.ts';
import type { ProfileAnswer, ProfileBody } from './profiles.ts';

const DATE = /^(19|[2-9]\d)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
/** False for 30 February: the calendar reads it as a day of March. */
const isDate = (text: string): boolean =>
  DATE.test(text) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

const country = z
  .string()
  .refine(isCountry, 'must be the two capital letters of a country (ISO 3166-1), such as GB')
  .meta({ pattern: '^[A-Z]{2}$', examples: ['NL'] });
const birthDate = z
  .string()
  .refine(isDate, 'must be a date from 1900-01-01 on, such as 1984-02-29')
  .meta({ pattern: DATE.source, examples: ['1984-02-29'] });
const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be the IANA name of a time zone, such as Europe/Paris')
  .meta({ examples: ['Europe/Paris'] });
const attribute = z.union([line(200, 'a value'), z.number(), z.boolean()]);
const attributeName = line(64, 'newsletter');

/** What a caller says of a profile. */
export const profileInput = z
  .strictObject({
    country: country.nullable().optional(),
    birth_date: birthDate.nullable().optional(),
    time_zone: timeZone.nullable().optional(),
    attributes: z
      .record(attributeName, attribute.nullable())
      .refine(
        attributes => Object.keys(attributes).length <= MAX_ATTRIBUTES,
        `must have at most ${MAX_ATTRIBUTES} attributes`,
      )
      .optional()
      .describe(
        `What else the company keeps: at most ${MAX_ATTRIBUTES} texts, numbers, true or false by name.`,
      ),
  })
  .meta({ id: 'ProfileInput' });

/** A profile as it is answered. */
export const profileShape = z
  .strictObject({
    country: country.nullable(),
    birth_date: birthDate.nullable(),
    time_zone: z.string().nullable(),
    attributes: z.record(z.string(), attribute),
  })
  .meta({ id: 'Profile', description: 'What is known of a member; null: not known.' });

export const profileView = (profile: Profile): z.input<typeof profileShape> => ({
  country: profile.country,
  birth_date: profile.birthDate,
  time_zone: profile.timeZone,
  attributes: { ...profile.attributes },
});

/** A change in the words of the module. */
export const changeOf = (input: z.output<typeof profileInput>, replaces: boolean): ProfileChange => ({
  replaces,
  country: input.country,
  birthDate: input.birth_date,
  timeZone: input.time_zone,
  attributes: input.attributes,
});

const body = profileInput.extend({
  occurred_at: instant
    .refine(at => at >= 0, 'must be in 1970 or later')
    .optional()
    .describe(
      "From when on it holds; not later than the program's clock. Left out: from now on. Sent along it makes a repeat safe: the same at the same instant changes nothing.",
    ),
});
const answer = z
  .strictObject({
    member: z.string(),
    external_id: z.string(),
    known: z.boolean().describe('True where nothing was changed, because it was so already.'),
    valid_from: instant,
    changed: z.array(z.string()).describe('The names of what changed then.'),
    profile: profileShape.describe('As it is now.'),
  })
  .meta({ id: 'ProfileAnswer' });

export const profileRoutes =
  ({ ledger }: { ledger: Ledger }) =>
  (api: Api): void => {
    for (const [method, operation, summary, description] of [
      [
        'PUT',
        'putProfile',
        'Set the profile of a member',
        'What is left out is not known any more. Earlier profiles stay: `as_of` shows them, and what happened then is decided by them.',
      ],
      [
        'PATCH',
        'patchProfile',
        'Change parts of the profile of a member',
        'What is left out stays as it is; `null` makes it unknown, an attribute too.',
      ],
    ] as const)
      api.route(
        {
          method,
          path: '/v1/members/{member}/profile',
          scope: 'members:write',
          summary,
          description,
          tag: 'Members',
          operation,
          program: true,
          params: z.strictObject({ member: reference('mem') }),
          body: body.meta({ id: method === 'PUT' ? 'ProfileRequest' : 'ProfilePatch' }),
          answers: { 200: answer, 201: answer },
          refusals: [
            'member_not_found',
            'profile_change_in_future',
            'profile_change_too_late',
            'too_many_attributes',
          ],
          dryRun: true,
        },
        async ({ program, params, body: { occurred_at, ...input }, dryRun }) => {
          const sent: ProfileBody = { change: changeOf(input, method === 'PUT'), at: occurred_at ?? null };
          const [outcome] = (await ledger.run<ProfileAnswer>(
            [
              {
                type: 'profile',
                programId: program.id,
                member: memberText(params.member),
                key: null,
                payload: null,
                body: sent,
              },
            ],
            dryRun,
          )) as [Outcome<Done<ProfileAnswer>>];
          if (!outcome.ok) return outcome;
          const { known } = outcome.value;
          const { memberId: id, externalId, validFrom, changed, profile } = outcome.value.answer();
          return {
            ...accept({
              member: memberId(BigInt(id)),
              external_id: externalId,
              known,
              valid_from: formatInstant(validFrom),
              changed: [...changed],
              profile: profileView(profile),
            }),
            status: known ? 200 : 201,
          };
        },
      );
  };
