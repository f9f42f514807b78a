import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { carryOut, effectsShape, type Holder, type Ledger, memberText } from '../ledger/index.ts';
import { addGiver, type ChangeBody, lotKey } from './households.facts.ts';
import * as store from './households.store.ts';
import type { ChangeAnswer, HouseholdAnswer } from './households.ts';

const text = z.string();
const sum = text.meta({ pattern: '^[0-9]+$' });
const idOf = (member: number): string => wireId('mem', BigInt(member));
const householdParams = z.strictObject({ household: schemas.reference('mem') });
const memberParams = householdParams.extend({ member: schemas.reference('mem') });

const named = z.strictObject({
  id: text.meta({
    description: 'A member id: balances, entries and redemptions of a household are those of a member.',
  }),
  external_id: text,
});

const householdSchema = named
  .extend({
    members: z.array(
      z.strictObject({
        member: text,
        joined_at: schemas.instant,
        left_at: schemas.instant.nullable().meta({ description: 'Null for who is in the household.' }),
        contributions: z.array(
          z.strictObject({
            unit: text,
            contributed: sum.meta({ description: 'All points that came from the member.' }),
            left: sum.meta({
              description: 'What of them is in the wallet: not spent, expired or given back.',
            }),
            given_back: sum.meta({ description: 'What the member got on leaving.' }),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'Household', description: 'Members who share a wallet, and who contributed what.' });

const householdAnswer = z
  .strictObject({ known: z.boolean(), household: named })
  .meta({ id: 'HouseholdAnswer' });

const side = z.strictObject({ member: text, ...effectsShape });
const changeAnswer = z
  .strictObject({
    known: z.boolean(),
    change: z.strictObject({
      id: text,
      household: text,
      member: text,
      kind: z.enum(['join', 'leave']),
      at: schemas.instant,
      rule: text.nullable(),
      given_back: z.array(z.strictObject({ unit: text, points: sum })),
    }),
    household: side,
    member: side,
  })
  .meta({ id: 'HouseholdChangeAnswer' });

export const householdRoutes =
  (deps: { ledger: Ledger; pool: Pool }) =>
  (api: Api): void => {
    const { ledger } = deps;
    api.route(
      {
        method: 'POST',
        path: '/v1/households',
        scope: 'households:write',
        tag: 'Households',
        operation: 'createHousehold',
        summary: 'Make a household, whose members share a wallet',
        description:
          'A household is enrolled as a member is and has the same kind of id. One that is there already is answered with 200.',
        program: true,
        dryRun: true,
        body: z.strictObject({ external_id: schemas.externalId }).meta({ id: 'HouseholdRequest' }),
        answers: { 200: householdAnswer, 201: householdAnswer },
        refusals: ['households_not_allowed', 'household_is_member', 'member_reference_invalid'],
      },
      async ({ program, body, dryRun }) => {
        const member = `ext:${body.external_id}`;
        const keyless = { key: null, payload: null, body: null };
        const command = { type: 'household', programId: program.id, member, ...keyless };
        return carryOut<HouseholdAnswer>(ledger, command, dryRun);
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/households/{household}',
        scope: 'households:read',
        tag: 'Households',
        operation: 'getHousehold',
        summary: 'A household: who is in it or was, and who contributed what',
        program: true,
        params: householdParams,
        answers: { 200: householdSchema },
        refusals: ['household_not_found', 'member_not_found', 'member_reference_invalid'],
      },
      async ({ program, params }) => {
        const holder = await ledger.directory.find(program.id, memberText(params.household));
        return holder.ok ? show(deps, program.id, holder.value) : holder;
      },
    );

    for (const [method, change] of [
      ['PUT', 'join'],
      ['DELETE', 'leave'],
    ] as const)
      api.route(
        {
          method,
          path: '/v1/households/{household}/members/{member}',
          scope: 'households:write',
          tag: 'Households',
          operation: change === 'join' ? 'joinHousehold' : 'leaveHousehold',
          summary: change === 'join' ? 'Let a member join a household' : 'Let a member leave a household',
          description:
            change === 'join'
              ? 'A member is in one household at most. Joining again changes nothing and is answered with 200.'
              : 'What is left of the points that the member contributed is given back where the program says so. Leaving again changes nothing and gets the first answer.',
          program: true,
          dryRun: true,
          params: memberParams,
          answers: { 200: changeAnswer, 201: changeAnswer },
          refusals: [
            'household_not_found',
            'household_member_not_found',
            'household_not_joinable',
            'households_not_allowed',
            'member_not_found',
            'member_reference_invalid',
          ],
        },
        ({ program, params, dryRun }) => changeMember(ledger, program.id, params, change, dryRun),
      );
  };

async function changeMember(
  ledger: Ledger,
  programId: number,
  params: z.output<typeof memberParams>,
  change: ChangeBody['change'],
  dryRun: boolean,
) {
  const [household, member] = await Promise.all(
    [params.household, params.member].map(each => ledger.directory.find(programId, memberText(each))),
  );
  if (household?.ok !== true) return household as Outcome<never>;
  if (member?.ok !== true) return member as Outcome<never>;
  const command = {
    type: 'household_change',
    programId,
    member: `ext:${household.value.externalId}`,
    counterpart: `ext:${member.value.externalId}`,
    key: null,
    payload: null,
    body: { change },
  };
  return carryOut<ChangeAnswer>(ledger, command, dryRun);
}

/** A household with its members, those who left last and are gone too. */
async function show({ ledger, pool }: { ledger: Ledger; pool: Pool }, programId: number, holder: Holder) {
  const [found, changes, contributions, balances] = await Promise.all([
    store.householdsAmong(pool, [holder.id]),
    store.changesOf(pool, holder.id),
    store.contributionsTo(pool, [holder.id]),
    ledger.balances.now(programId, idOf(holder.id), true),
  ]);
  if (!found.has(holder.id))
    return refuse('household_not_found', `${holder.externalId} is no household of the program.`);
  if (!balances.ok) return balances;
  const { wallets, units } = balances.value;
  const givers = new Map<string, number>();
  for (const { member, posted } of contributions) addGiver(givers, holder.id, member, posted);
  const left = (member: number, unit: number): bigint => {
    const wallet = wallets[unit];
    const lots = [...(wallet?.lots.values() ?? [])];
    const own = lots.filter(({ seq }) => givers.get(lotKey(wallet?.id ?? 0, seq)) === member);
    return own.reduce((all, { remaining }) => all + remaining, 0n);
  };
  const total = (points: readonly bigint[]): string => String(points.reduce((all, each) => all + each, 0n));
  const of = (member: number, own: readonly store.HouseholdChange[]) =>
    units.flatMap((name, unit) => {
      const given = contributions.filter(each => each.member === member && each.unit === unit);
      if (given.length === 0) return [];
      const back = own.flatMap(change =>
        change.givenBack.filter(([of]) => of === unit).map(([, points]) => BigInt(points)),
      );
      return [
        {
          unit: name,
          contributed: total(given.map(({ points }) => points)),
          left: String(left(member, unit)),
          given_back: total(back),
        },
      ];
    });
  const members = [...Map.groupBy(changes, ({ memberId }) => memberId)].map(([member, own]) => {
    const joined = own.findLast(({ kind }) => kind === 'join') as store.HouseholdChange;
    const last = own.at(-1) as store.HouseholdChange;
    return {
      member: idOf(member),
      joined_at: new Date(joined.at).toISOString(),
      left_at: last.kind === 'leave' ? new Date(last.at).toISOString() : null,
      contributions: of(member, own),
    };
  });
  return accept({ id: idOf(holder.id), external_id: holder.externalId, members });
}
