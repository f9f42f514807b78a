import type { Tx } from '#platform/db/client.ts';
import { accept, refuse } from '#platform/errors.ts';
import { wireId } from '#platform/ids.ts';
import {
  type CommandType,
  type Context,
  Draft,
  type Effects,
  effectsOf,
  holderOf,
  type Ledger,
  type ProgramFacts,
  type Side,
} from '../ledger/index.ts';
import type { Households } from '../program/index.ts';
import { type ChangeBody, isMember, type LoadPools, lotKey, type PoolFacts } from './households.facts.ts';
import * as store from './households.store.ts';
import { inForce } from './in-force.ts';

const member = (id: number): string => wireId('mem', BigInt(id));

/** The commands that can enrol a person. */
const ENROLLING = ['enrol', 'order', 'activity'];

export interface HouseholdAnswer {
  household: { id: string; external_id: string };
}

const noHouseholds = (program: ProgramFacts) => {
  const version = inForce(program);
  return version.households === null
    ? refuse('households_not_allowed', `Version ${version.version} of the program has no households.`).refusal
    : undefined;
};

/** `household`: enrols a member that is a pool. */
export const householdType = (
  load: LoadPools,
): CommandType<null, PoolFacts, store.Household, HouseholdAnswer> => ({
  name: 'household',
  amends: false,
  enrols: () => true,
  needsLots: () => false,
  admit: (_command, program) => noHouseholds(program),
  load,
  // Who was enrolled just before is no household.
  looksBack: () => ENROLLING,
  decide({ programId }, facts, { program, holder, id }) {
    const record = { id, memberId: holder.id, programId, createdAt: program.now };
    if (facts.households.has(holder.id)) return accept({ repeats: record, entries: [] });
    if (facts.enrolled.has(holder.id))
      return refuse(
        'household_is_member',
        `A member of the program has the external id ${holder.externalId}. Give the household another one.`,
      );
    const data = { household: member(holder.id), external_id: holder.externalId };
    return accept({
      record,
      drafts: [],
      fact: { type: 'household.created', occurredAt: program.now, data },
    });
  },
  evolve: (facts, { memberId }) => void facts.households.add(memberId),
  store: store.insertHouseholds,
  find: () => Promise.resolve(new Map()),
  differences: () => [],
  answer: (_stored, _entries, holder) => ({
    household: { id: member(holder.id), external_id: holder.externalId },
  }),
});

type Change = store.HouseholdChange;

export interface ChangeAnswer {
  change: ReturnType<typeof changeToWire>;
  household: { member: string } & Effects;
  member: { member: string } & Effects;
}

/** `household_change`: a person joins a household or leaves it. */
export const householdChangeType = (
  load: LoadPools,
): CommandType<ChangeBody, PoolFacts, Change, ChangeAnswer> => ({
  name: 'household_change',
  amends: false,
  enrols: () => false,
  needsLots: ({ body }) => body.change === 'leave',
  admit: ({ body }, program) => (body.change === 'join' ? noHouseholds(program) : undefined),
  load,
  decide(command, facts, context) {
    const { program, holder, counterpart, id } = context;
    if (counterpart === undefined) throw new Error('a change of a household names no member');
    if (!facts.households.has(holder.id))
      return refuse('household_not_found', `${holder.externalId} is no household of the program.`);
    const who = { memberId: counterpart.holder.id, householdId: holder.id };
    const base = { ...who, id, programId: command.programId, kind: command.body.change };
    return command.body.change === 'join'
      ? join(base, facts, program)
      : leave(base, facts, { ...context, counterpart });
  },
  evolve(facts, stored) {
    facts.last.set(stored.memberId, stored);
    const by = stored.kind === 'join' ? 1 : -1;
    facts.sizes.set(stored.householdId, (facts.sizes.get(stored.householdId) ?? 0) + by);
  },
  store: store.insertChanges,
  find: store.changesById,
  differences: () => [],
  answer(stored, entries, _holder, program) {
    const side = (id: number) => ({
      member: member(id),
      ...effectsOf(
        entries.filter(entry => holderOf(entry.wallet) === id),
        program,
      ),
    });
    return {
      change: changeToWire(stored, program),
      household: side(stored.householdId),
      member: side(stored.memberId),
    };
  },
});

type Base = Pick<Change, 'id' | 'memberId' | 'householdId' | 'programId' | 'kind'>;

function join(base: Base, facts: PoolFacts, program: ProgramFacts) {
  const last = facts.last.get(base.memberId);
  const { ref, most } = inForce(program).households as Households;
  if (last !== undefined && isMember(facts.last, base.memberId, base.householdId))
    return accept({ repeats: last, entries: [] });
  if (facts.households.has(base.memberId))
    return refuse('household_not_joinable', 'A household cannot be in a household.');
  if (last?.kind === 'join')
    return refuse(
      'household_not_joinable',
      `The member is in the household ${member(last.householdId)} and can be in one only.`,
      { reasons: [{ code: 'in_other_household', household: member(last.householdId) }] },
    );
  if ((facts.sizes.get(base.householdId) ?? 0) >= most)
    return refuse('household_not_joinable', `The household has ${most} members; it cannot have more.`, {
      reasons: [{ code: 'household_full', maximum: String(most) }],
    });
  const record: Change = { ...base, nr: (last?.nr ?? 0) + 1, at: program.now, rule: ref, givenBack: [] };
  return accept({ record, drafts: [], ...announced(record, program, 'household.joined') });
}

function leave(base: Base, facts: PoolFacts, context: Context & { counterpart: Side }) {
  const { program } = context;
  const last = facts.last.get(base.memberId);
  if (last?.kind === 'leave' && last.householdId === base.householdId)
    return accept({ repeats: last, entries: facts.given.get(last.id) ?? [] });
  if (last === undefined || !isMember(facts.last, base.memberId, base.householdId))
    return refuse('household_member_not_found', 'The member is not in this household.');
  const { households } = inForce(program);
  const drafts =
    households?.givesBack === true ? giveBack(base.memberId, facts, households.ref, context) : [];
  const givenBack = drafts.map(({ unit, points }) => [unit, String(points)] as const);
  const at = Math.max(program.now, ...drafts.map(({ from }) => from.now));
  const record: Change = { ...base, nr: last.nr + 1, at, rule: households?.ref ?? null, givenBack };
  return accept({
    record,
    drafts: drafts.flatMap(({ from, to }) => [from, to]),
    ...announced(record, program, 'household.left'),
  });
}

/** Takes what is left of a person's contributions out of the household's wallets, lot by lot. */
function giveBack(
  person: number,
  { givers }: PoolFacts,
  rule: string,
  { program, wallet, counterpart }: Context & { counterpart: Side },
) {
  const wallets = program.units.map((_, unit) => [wallet(unit), counterpart.wallet(unit)] as const);
  const now = Math.max(program.now, ...wallets.flat().map(({ bookedAt }) => bookedAt));
  return wallets.flatMap(([source, target], unit) => {
    const from = new Draft(source, now);
    const own = from.openLots.filter(
      lot => !lot.pending && givers.get(lotKey(source.id, lot.seq)) === person,
    );
    const left = own.reduce((sum, { remaining }) => sum + remaining, 0n);
    const { available } = from.balance;
    const points = left < available ? left : available;
    if (points <= 0n) return [];
    const to = new Draft(target, now);
    from.send(points, to, now, { rule }, own);
    return [{ unit, points, from, to }];
  });
}

/** Both hear of it. */
function announced(record: Change, program: ProgramFacts, type: string) {
  const { id: _, ...data } = changeToWire(record, program);
  const fact = { type, occurredAt: record.at, data };
  return { fact, counterpartFact: fact };
}

/** A change as callers see it. */
export const changeToWire = (change: Change, { units }: Pick<ProgramFacts, 'units'>) => ({
  id: wireId('hch', change.id),
  household: member(change.householdId),
  member: member(change.memberId),
  kind: change.kind,
  at: new Date(change.at).toISOString(),
  rule: change.rule,
  given_back: change.givenBack.map(([unit, points]) => ({ unit: units[unit] as string, points })),
});

/** Why an entry of a change is there: who left which household. */
export const explainChange =
  (ledger: Ledger) =>
  async (tx: Tx, id: bigint): Promise<Record<string, unknown>> => {
    const stored = (await store.changesById(tx, [id])).get(id)?.stored;
    if (stored === undefined) return {};
    const program = (await ledger.directory.programs(tx, [stored.programId])).get(stored.programId);
    return { change: changeToWire(stored, program as ProgramFacts) };
  };
