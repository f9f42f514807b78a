import type { Tx } from '#platform/db/client.ts';
import { accept, type Difference, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import {
  type Around,
  type Command,
  type CommandType,
  Draft,
  type Effects,
  effectsOf,
  type Posted,
  type StoredEntry,
  time,
  unitOf,
} from '../ledger/index.ts';
import { type DecisionBody, findDecisions, insertDecisions, type StoredDecision } from './decisions.store.ts';
import {
  type CaseState,
  endCase,
  type FraudFacts,
  heldBy,
  lifeAfter,
  type Pended,
  release,
} from './model.ts';
import { changePended, holderOf, setStates } from './store.ts';

export interface CaseAnswer extends Effects {
  decision: ReturnType<typeof decisionToWire>;
}

export const decisionPayload = ({ caseId, verdict, note }: DecisionBody): string =>
  hash128(String(caseId), verdict, note);

export const decisionToWire = (stored: StoredDecision) => ({
  case: wireId('cas', stored.caseId),
  verdict: stored.verdict,
  note: stored.note,
  external_id: stored.externalId,
  source: stored.source,
  decided_by: stored.decidedBy,
  decided_at: time(stored.decidedAt) as string,
});

export const stateAfter = (verdict: DecisionBody['verdict']): CaseState =>
  verdict === 'release' ? 'released' : 'confirmed';

/** The end of a case that is being written. */
interface Ending extends StoredDecision {
  /** What other cases hold back from now on. */
  readonly moved?: readonly Pended[];
}

/** Facts of a batch that velocity is a part of. */
interface WithFraud {
  readonly fraud: FraudFacts;
}

/**
 * `case_decision`: releases what a case holds back, or lets it lapse. It is decided on the facts of the commands that earn, so
 * that what they did earlier in a batch counts: whoever loads those gives their loader.
 */
export const caseType = <Facts extends WithFraud>(
  load: (
    tx: Tx,
    commands: readonly Command<DecisionBody>[],
    known: readonly bigint[],
    around: Around,
  ) => Promise<Facts>,
): CommandType<DecisionBody, Facts, Ending, CaseAnswer> => ({
  name: 'case_decision',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit: () => undefined,
  load,

  decide({ body, programId }, { fraud }, context) {
    const found = fraud.cases.get(body.caseId);
    if (found?.programId !== programId || found.memberId !== context.holder.id)
      return refuse('case_not_found', 'There is no such case in this program.');
    if (found.state !== 'open')
      return refuse('case_decided', `The case was ${found.state} before. A case is decided once.`);
    const drafts = new Map<number, Draft>();
    const draftOf = ({ wallet }: Pended): Draft => {
      const unit = unitOf(wallet);
      const draft = drafts.get(unit) ?? new Draft(context.wallet(unit), context.program.now);
      drafts.set(unit, draft);
      return draft;
    };
    const all = heldBy(fraud, found.id);
    const { free, moved, gone } =
      body.verdict === 'release' ? release(fraud, found, unitOf) : { free: [], moved: [], gone: all };
    for (const own of Map.groupBy(free, ({ wallet }) => wallet).values()) {
      const draft = draftOf(own[0] as Pended);
      const { activeAt } = draft.balance;
      draft.resume(
        own.map(lot => ({ ...lot, closing: lifeAfter(lot, draft.now, activeAt) })),
        draft.now,
      );
    }
    for (const own of Map.groupBy(gone, ({ wallet }) => wallet).values()) {
      const draft = draftOf(own[0] as Pended);
      draft.giveUp(
        own.map(({ seq }) => seq),
        draft.now,
      );
    }
    const decidedAt = context.program.now;
    const record: Ending = { ...body, id: context.id, programId, decidedAt, moved };
    const { decided_at: _, note: __, verdict: ___, ...data } = decisionToWire(record);
    return accept({
      record,
      drafts: [...drafts.values()],
      fact: { type: `case.${stateAfter(body.verdict)}`, occurredAt: decidedAt, data },
    });
  },

  evolve({ fraud }, { caseId, verdict, moved = [] }) {
    endCase(fraud, caseId, stateAfter(verdict), moved);
  },
  store: storeEndings,
  find: findDecisions,
  differences({ body }, stored) {
    const differences: Difference[] = [];
    const differ = (pointer: string, before: string, sent: string) => {
      if (before !== sent) differences.push({ pointer, stored: before, sent });
    };
    differ('/path/case', wireId('cas', stored.caseId), wireId('cas', body.caseId));
    differ('/path', stored.verdict, body.verdict);
    differ('/note', stored.note, body.note);
    return differences;
  },
  answer: (stored, entries, _holder, program) => ({
    decision: decisionToWire(stored),
    ...effectsOf(entries, program),
  }),
});

async function storeEndings(tx: Tx, rows: readonly { stored: Ending; posted: Posted }[]): Promise<void> {
  await Promise.all([
    insertDecisions(tx, rows),
    setStates(
      tx,
      rows.map(({ stored: { caseId, verdict } }) => ({ caseId, state: stateAfter(verdict) })),
    ),
    changePended(
      tx,
      rows.flatMap(({ stored }) => stored.moved ?? []),
    ),
  ]);
}

/** Why points that a rule would give at once, or at a time, are pending: the case that holds or held them back. */
export async function heldBack(
  tx: Tx,
  { wallet, seq, pending }: StoredEntry,
): Promise<{ held_back_by?: string }> {
  const found = pending > 0n ? await holderOf(tx, wallet, seq) : undefined;
  return found === undefined ? {} : { held_back_by: wireId('cas', found) };
}

/** Why points were released or lapsed: who decided the case, and how. */
export async function explainDecision(tx: Tx, id: bigint): Promise<Record<string, unknown>> {
  const found = (await findDecisions(tx, [id])).get(id);
  return found === undefined ? {} : { decision: decisionToWire(found.stored) };
}
