import type { Tx } from '#platform/db/client.ts';
import { accept, type Difference, type Outcome, type Reason, refuse } from '#platform/errors.ts';
import { wireId } from '#platform/ids.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import {
  type CommandType,
  Draft,
  type Effects,
  type Entry,
  effectsOf,
  entryId,
  holderOf,
  insufficientBalance,
  type Ledger,
  type ProgramFacts,
  type Sent,
  type StoredEntry,
} from '../ledger/index.ts';
import type { ProgramVersion } from '../program/index.ts';
import { evolveGivers, isMember, type LoadPools, type PoolFacts } from './households.facts.ts';
import { inForce, unitOfPoints } from './in-force.ts';
import { evolveMoved, limitations } from './transfers.facts.ts';
import { findTransfers, insertTransfers, type Transfer, type TransferBody } from './transfers.store.ts';

export interface TransferAnswer {
  transfer: ReturnType<typeof transferToWire>;
  from: { member: string } & Effects;
  to: { member: string } & Effects;
}

const member = (id: number): string => wireId('mem', BigInt(id));
const FEE = 'fee of a transfer';

/** By what a transfer is decided: the program's section, its fee, and every reason why it cannot be. */
interface Terms {
  readonly kind: Transfer['kind'];
  readonly rule: string;
  readonly fee: bigint;
  readonly reasons: readonly Reason[];
}

/** A contribution to the person's own household is free and has no limits; anything else is a gift. */
function termsOf(
  asked: { from: number; to: number; unit: number; points: bigint; now: number },
  facts: PoolFacts,
  version: ProgramVersion,
): Outcome<Terms> {
  const { from, to, points } = asked;
  const { transfers, households } = version;
  if (facts.households.has(from))
    return refuse(
      'transfer_from_household',
      'The points of a household are redeemed, or given back to who leaves it; they are not given away.',
    );
  if (facts.households.has(to)) {
    if (households === null)
      return refuse('households_not_allowed', `Version ${version.version} of the program has no households.`);
    if (!isMember(facts.last, from, to))
      return refuse('household_member_not_found', 'The sender is not in this household.');
    return accept({ kind: 'contribution', rule: households.ref, fee: 0n, reasons: [] });
  }
  if (transfers === null)
    return refuse(
      'transfers_not_allowed',
      `Version ${version.version} of the program does not let members give each other points.`,
    );
  const reasons = limitations(transfers, asked, facts.moved, version);
  return accept({ kind: 'gift', rule: transfers.ref, fee: transfers.fee(points), reasons });
}

/** The member moves points to another: never more than there are, and with the dates that they have. */
export const transferType = (
  load: LoadPools,
): CommandType<TransferBody, PoolFacts, Transfer, TransferAnswer> => ({
  name: 'transfer',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit(command, program) {
    if (command.member === command.counterpart)
      return refuse('transfer_to_self', 'Sender and receiver are the same member.').refusal;
    const unit = unitOfPoints(command.body.unit, inForce(program));
    return unit.ok ? undefined : unit.refusal;
  },
  load,
  decide({ body, programId }, facts, { program, holder, wallet, counterpart, id }) {
    const version = inForce(program);
    const unit = unitOfPoints(body.unit, version);
    if (!unit.ok) return unit;
    if (counterpart === undefined) throw new Error('a transfer has one side');
    const { number } = unit.value;
    const [source, target] = [wallet(number), counterpart.wallet(number)];
    // Both sides are booked at one instant: what expires by then is not given away.
    const now = Math.max(program.now, source.bookedAt, target.bookedAt);
    const from = new Draft(source, now);
    const to = new Draft(target, now);
    const { available } = from.balance;
    const points = body.points ?? (available > 0n ? available : 0n);
    const sides = { from: holder.id, to: counterpart.holder.id };
    const terms = termsOf({ ...sides, unit: number, points, now: program.now }, facts, version);
    if (!terms.ok) return terms;
    const { reasons, ...decided } = terms.value;
    const { rule, fee } = decided;
    const { unit: _, ...asked } = body;
    const record: Transfer = {
      ...asked,
      ...sides,
      ...decided,
      unit: number,
      points,
      occurredAt: now,
      id,
      programId,
    };
    if (points === 0n) return accept({ repeats: record, entries: [] });
    const refusal = refusalOf(reasons, points + fee, available);
    if (refusal !== undefined) return refusal;
    if (to.balance.earned + points > MAX_AMOUNT)
      return refuse('points_out_of_range', 'The wallet of the receiver cannot count that many points.');
    const { reason } = body;
    from.send(points, to, now, { rule, ...(reason === null ? {} : { reason }) });
    if (fee > 0n) from.debit('adjust', fee, now, FEE, rule);
    const { id: transfer, ...told } = transferToWire(record, program);
    const data = { transfer, ...told };
    return accept({
      record,
      drafts: [from, to],
      fact: { type: 'points.sent', occurredAt: now, data },
      counterpartFact: { type: 'points.received', occurredAt: now, data },
    });
  },
  evolve(facts, stored, entries) {
    evolveMoved(facts.moved, stored);
    evolveGivers(facts, stored, entries);
  },
  store: insertTransfers,
  find: findTransfers,
  differences: ({ body, member: from, counterpart }, stored, sent) =>
    differences(body, { from, to: counterpart ?? null }, stored, sent),
  answer(stored, entries, _holder, program) {
    const side = (id: number) => ({
      member: member(id),
      ...effectsOf(
        entries.filter(entry => holderOf(entry.wallet) === id),
        program,
      ),
    });
    return { transfer: transferToWire(stored, program), from: side(stored.from), to: side(stored.to) };
  },
});

/** Every reason at once where the program has one; the balance alone is a refusal of its own. */
function refusalOf(
  reasons: readonly Reason[],
  required: bigint,
  available: bigint,
): Outcome<never> | undefined {
  const short = available < required ? insufficientBalance(required, available) : undefined;
  if (reasons.length === 0) return short;
  const all = [...reasons, ...(short?.refusal.reasons ?? [])];
  return refuse('transfer_limited', `The program allows no such transfer now: ${sentence(all)}.`, {
    reasons: all,
  });
}

const SENTENCES: Readonly<Record<string, (reason: Reason) => string>> = {
  below_minimum: ({ minimum }) => `a transfer is of at least ${minimum} points`,
  above_maximum: ({ maximum }) => `a transfer is of at most ${maximum} points`,
  limit_reached: ({ side, of, left, every }) =>
    `${of === 'times' ? `${left} more times` : `${left} more points`} can be ${side === 'send' ? 'sent by the sender' : 'received by the receiver'} ${every === 'ever' ? 'at all' : `this ${every}`}`,
  insufficient_balance: () => 'the balance does not cover it',
};

const sentence = (reasons: readonly Reason[]): string =>
  reasons.map(reason => SENTENCES[reason.code]?.(reason) ?? reason.code).join('; ');

/** A transfer as callers see it. */
export const transferToWire = (transfer: Transfer, { units }: Pick<ProgramFacts, 'units'>) => ({
  id: wireId('trf', transfer.id),
  kind: transfer.kind,
  external_id: transfer.externalId,
  source: transfer.source,
  from: member(transfer.from),
  to: member(transfer.to),
  unit: units[transfer.unit] as string,
  points: String(transfer.points),
  fee: String(transfer.fee),
  reason: transfer.reason,
  rule: transfer.rule,
  occurred_at: new Date(transfer.occurredAt).toISOString(),
});

function differences(
  body: TransferBody,
  named: { from: string; to: string | null },
  stored: Transfer,
  { holder, counterpart, program }: Sent,
): Difference[] {
  const found: Difference[] = [];
  const compare = (pointer: string, before: unknown, sent: unknown) => {
    if (before !== sent) found.push({ pointer, stored: before, sent });
  };
  if (holder?.id !== stored.from)
    found.push({ pointer: '/from', stored: member(stored.from), sent: named.from });
  if (counterpart?.id !== stored.to)
    found.push({ pointer: '/to', stored: member(stored.to), sent: named.to });
  compare('/points', String(stored.points), body.points === null ? null : String(body.points));
  compare('/reason', stored.reason, body.reason);
  const unit = program.units[stored.unit] as string;
  if (body.unit !== null) compare('/unit', unit, body.unit);
  // The same unit, named once and once left out.
  if (found.length === 0)
    found.push({ pointer: '/unit', stored: body.unit === null ? unit : null, sent: body.unit });
  return found;
}

/** Why an entry of a transfer is there; of what arrived, which lot of the sender it was. */
export const explainTransfer =
  (ledger: Ledger) =>
  async (tx: Tx, id: bigint, entry: StoredEntry): Promise<Record<string, unknown>> => {
    const found = (await findTransfers(tx, [id])).get(id);
    if (found === undefined) return {};
    const { stored, posted } = found;
    const program = (await ledger.directory.programs(tx, [stored.programId])).get(stored.programId);
    const transfer = transferToWire(stored, program as ProgramFacts);
    if (entry.kind !== 'transfer' || entry.available < 0n) return { transfer };
    return { transfer, from_lot: lotOf(entry, await ledger.entriesOf(tx, posted)) };
  };

/** The entries that arrived stand in the order of the lots that gave. */
function lotOf(entry: Entry, entries: readonly Entry[]): string {
  const moved = entries.filter(({ kind }) => kind === 'transfer');
  const sent = moved.find(({ available }) => available < 0n) as Entry;
  const arrived = moved.filter(({ available }) => available > 0n);
  const place = arrived.findIndex(({ wallet, seq }) => wallet === entry.wallet && seq === entry.seq);
  return entryId(sent.wallet, sent.lots[place] as number);
}
