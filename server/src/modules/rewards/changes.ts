import { accept, type Difference, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import {
  type CommandType,
  Draft,
  type Effects,
  effectsOf,
  type Ledger,
  type Taken,
  unitOf,
} from '../ledger/index.ts';
import type { ChangeBody, Redemption, StoredChange } from './model.ts';
import { changeable, redemptionToWire } from './redemptions.ts';
import * as store from './store.ts';

interface Facts {
  redemptions: Map<bigint, Redemption>;
  taken: ReadonlyMap<string, Taken[]>;
}

export interface ChangeAnswer extends Effects {
  redemption: ReturnType<typeof redemptionToWire>;
}

export const changePayload = (body: ChangeBody): string =>
  hash128(String(body.redemptionId), body.kind, String(body.points));

const STATES = { capture: 'captured', void: 'voided', refund: 'captured' } as const;

/** `redemption_change`: ends a hold or gives points back. */
export const changeType = (ledger: Ledger): CommandType<ChangeBody, Facts, StoredChange, ChangeAnswer> => ({
  name: 'redemption_change',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit: () => undefined,
  async load(tx, commands) {
    const redemptions = await store.redemptions(tx, [
      ...new Set(commands.map(command => command.body.redemptionId)),
    ]);
    const refunds = commands.flatMap(({ body }) =>
      body.kind === 'refund' ? (redemptions.get(body.redemptionId) ?? []) : [],
    );
    const taken =
      refunds.length === 0
        ? new Map()
        : await ledger.taken(
            tx,
            refunds.map(({ wallet, holdSeq }) => ({ wallet, seq: holdSeq })),
          );
    return { redemptions, taken };
  },
  decide({ body, programId }, facts, { program, wallet, id }) {
    const known = facts.redemptions.get(body.redemptionId);
    const draft = new Draft(wallet(unitOf(known?.wallet ?? 0)), program.now);
    const found = changeable(known, programId, body.kind, draft.now);
    if (!found.ok) return found;
    const before = found.value;
    const left = before.points - before.refunded;
    const points = body.kind === 'refund' ? (body.points ?? left) : before.points;
    if (body.kind === 'refund' && (points > left || left === 0n)) {
      return refuse(
        'refund_exceeds_redemption',
        `${before.points} points were redeemed and ${before.refunded} of them given back; ${points} cannot be.`,
        {
          reasons: [
            {
              code: 'refund_exceeds_redemption',
              redeemed: String(before.points),
              refunded: String(before.refunded),
              requested: String(points),
            },
          ],
        },
      );
    }
    if (body.kind === 'refund') {
      draft.refund(
        before.holdSeq,
        facts.taken.get(`${before.wallet}:${before.holdSeq}`) ?? [],
        before.refunded,
        points,
        draft.now,
      );
    } else {
      const hold = draft.hold(before.holdSeq);
      if (hold === undefined) throw new Error(`redemption ${before.id} is held, its hold is not there`);
      if (body.kind === 'capture') draft.capture(hold, draft.now);
      else draft.release(hold, draft.now);
    }
    const redemption: Redemption = {
      ...before,
      state: STATES[body.kind],
      refunded: body.kind === 'refund' ? before.refunded + points : before.refunded,
    };
    const record: StoredChange = { ...body, id, points, redemption };
    const data = {
      redemption: wireId('red', before.id),
      points: String(points),
      external_id: body.externalId,
      source: body.source,
    };
    const type = body.kind === 'refund' ? 'redemption.refunded' : `redemption.${STATES[body.kind]}`;
    return accept({ record, drafts: [draft], fact: { type, occurredAt: draft.now, data } });
  },
  evolve: (facts, stored) => void facts.redemptions.set(stored.redemption.id, stored.redemption),
  store: store.insertChanges,
  find: store.findChanges,
  differences({ body }, stored) {
    const differences: Difference[] = [];
    if (body.redemptionId !== stored.redemptionId)
      differences.push({
        pointer: '',
        stored: wireId('red', stored.redemptionId),
        sent: wireId('red', body.redemptionId),
      });
    if (body.kind !== stored.kind) differences.push({ pointer: '', stored: stored.kind, sent: body.kind });
    if (body.points !== stored.points)
      differences.push({
        pointer: '/points',
        stored: String(stored.points),
        sent: body.points === null ? null : String(body.points),
      });
    return differences;
  },
  answer: ({ redemption }, entries, _holder, program) => ({
    redemption: redemptionToWire(redemption, redemption.occurredAt),
    ...effectsOf(entries, program),
  }),
});
