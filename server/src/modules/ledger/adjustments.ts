import type { Tx } from '#platform/db/client.ts';
import { accept, type Difference, refuse } from '#platform/errors.ts';
import { wireId } from '#platform/ids.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import {
  type Adjustment,
  type AdjustmentBody,
  findAdjustments,
  insertAdjustments,
} from './adjustments.store.ts';
import type { CommandType } from './commands.ts';
import { Draft } from './draft.ts';
import { holderOf, unitOf, walletId } from './model.ts';
import { insufficientBalance } from './refusals.ts';
import { type Effects, effectsOf, time } from './wire.ts';

export interface AdjustmentAnswer extends Effects {
  adjustment: { id: string; external_id: string; source: string; points: string; reason: string };
}

/** `adjust`: an operator's correction or goodwill. Takes only what is there. */
export const adjustType: CommandType<AdjustmentBody, null, Adjustment, AdjustmentAnswer> = {
  name: 'adjust',
  amends: false,
  enrols: () => false,
  needsLots: ({ body }) => body.points < 0n,
  admit({ body }, program) {
    if (body.unit === null || program.units.includes(body.unit)) return undefined;
    return refuse('unit_unknown', `The program counts ${program.units.join(', ')}, not ${body.unit}.`)
      .refusal;
  },
  load: () => Promise.resolve(null),
  decide({ body, programId }, _facts, { program, holder, wallet, id }) {
    const unit = body.unit === null ? program.defaultUnit : program.units.indexOf(body.unit);
    const draft = new Draft(wallet(unit), program.now);
    if (body.points < 0n && draft.balance.available < -body.points)
      return insufficientBalance(-body.points, draft.balance.available);
    if (draft.balance.earned + body.points > MAX_AMOUNT)
      return refuse('points_out_of_range', 'The wallet cannot count that many points.');
    if (body.points > 0n)
      draft.credit('adjust', body.points, { availableFrom: null, expiresAt: body.expiresAt }, draft.now, {
        reason: body.reason,
      });
    else draft.debit('adjust', -body.points, draft.now, body.reason);
    const { unit: _, ...terms } = body;
    const record: Adjustment = {
      ...terms,
      id,
      programId,
      wallet: walletId(holder.id, unit),
      occurredAt: draft.now,
    };
    const data = {
      adjustment: wireId('adj', id),
      external_id: body.externalId,
      source: body.source,
      reason: body.reason,
    };
    return accept({
      record,
      drafts: [draft],
      fact: { type: 'points.adjusted', occurredAt: draft.now, data },
    });
  },
  evolve: () => undefined,
  store: insertAdjustments,
  find: findAdjustments,
  differences({ body, member }, stored, { holder, program }) {
    const differences: Difference[] = [];
    const owner = holderOf(stored.wallet);
    if (owner !== holder?.id)
      differences.push({ pointer: '/path/member', stored: wireId('mem', BigInt(owner)), sent: member });
    if (body.points !== stored.points)
      differences.push({ pointer: '/points', stored: String(stored.points), sent: String(body.points) });
    if (body.reason !== stored.reason)
      differences.push({ pointer: '/reason', stored: stored.reason, sent: body.reason });
    if (body.expiresAt !== stored.expiresAt)
      differences.push({
        pointer: '/expires_at',
        stored: time(stored.expiresAt),
        sent: time(body.expiresAt),
      });
    const unit = program.units[unitOf(stored.wallet)] as string;
    if (body.unit !== null && body.unit !== unit)
      differences.push({ pointer: '/unit', stored: unit, sent: body.unit });
    // The same unit, named once and once left out.
    if (differences.length === 0)
      differences.push({ pointer: '/unit', stored: body.unit === null ? unit : null, sent: body.unit });
    return differences;
  },
  answer: (stored, entries, _holder, program) => ({
    adjustment: {
      id: wireId('adj', stored.id),
      external_id: stored.externalId,
      source: stored.source,
      points: String(stored.points),
      reason: stored.reason,
    },
    ...effectsOf(entries, program),
  }),
};

/** Why an adjustment is there: who asked for it and what they said. */
export async function explainAdjustment(tx: Tx, id: bigint): Promise<Record<string, unknown>> {
  const found = (await findAdjustments(tx, [id])).get(id)?.stored;
  if (found === undefined) return {};
  const { externalId, source, points, reason } = found;
  return {
    adjustment: { id: wireId('adj', id), external_id: externalId, source, points: String(points), reason },
  };
}
