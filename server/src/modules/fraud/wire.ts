import * as z from 'zod';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { effectsShape, entryId, time, unitOf, walletId } from '../ledger/index.ts';
import { decisionToWire } from './cases.ts';
import type { StoredDecision } from './decisions.store.ts';
import type { Case, Crossing, Pended } from './model.ts';

const text = z.string();
const sum = text.meta({ pattern: '^[0-9]+$' });

const decisionSchema = z
  .strictObject({
    case: text,
    verdict: z.enum(['release', 'confirm']),
    note: text,
    external_id: text,
    source: text,
    decided_by: text.meta({ description: 'The key that was used.' }),
    decided_at: schemas.instant,
  })
  .meta({ id: 'CaseDecision' });

const crossingSchema = z.strictObject({
  check: text.meta({ description: '`id@version` of the velocity check.' }),
  unit: text,
  points: sum.meta({ description: 'What the window holds, the points that crossed the line included.' }),
  more_than: sum,
  window: z.strictObject({
    kind: z.enum(['tumbling', 'sliding']),
    from: schemas.instant,
    until: schemas.instant.meta({ description: 'The end, which does not belong to it any more.' }),
  }),
  paused_until: schemas.instant.nullable().meta({ description: 'Null: the member was only flagged.' }),
});

const caseShape = {
  id: text,
  state: z.enum(['open', 'released', 'confirmed']),
  member: text,
  cause: text.meta({ description: 'What crossed the line: the id of the order.' }),
  occurred_at: schemas.instant.meta({ description: 'When that was; a pause begins there.' }),
  opened_at: schemas.instant,
  crossings: z.array(crossingSchema),
  held_back: z
    .array(z.strictObject({ unit: text, lots: z.int(), points: sum }))
    .meta({ description: 'What the pause has held back so far, whatever became of it.' }),
  decision: decisionSchema.nullable(),
};

export const caseSchema = z.strictObject(caseShape).meta({ id: 'Case' });

/** How many credits and lots a case shows at most. */
export const MAX_SHOWN = 1000;

export const caseDetails = z
  .strictObject({
    ...caseShape,
    credits: z
      .array(
        z.strictObject({
          unit: text,
          points: sum,
          occurred_at: schemas.instant,
          cause: text,
          entries: z.array(text),
        }),
      )
      .meta({
        description: `What counted in the windows when the line was crossed, the points that crossed it included; at most ${MAX_SHOWN}.`,
      }),
    lots: z
      .array(
        z.strictObject({
          entry: text,
          unit: text,
          points: sum.meta({ description: 'What was given; less where the order came back since.' }),
          occurred_at: schemas.instant,
          available_at: schemas.instant.nullable().meta({ description: 'When the rule would give them.' }),
          waits_for: text.nullable().meta({ description: 'The event that they wait for besides.' }),
        }),
      )
      .meta({ description: `What is or was held back; at most ${MAX_SHOWN}.` }),
  })
  .meta({ id: 'CaseDetails' });

export const decideSchema = z
  .strictObject({
    note: schemas.line(500, 'Called the member: a company trip.').meta({
      description: 'Why. It is shown with the case and never published.',
    }),
    source: schemas.sourceName.optional(),
  })
  .meta({ id: 'DecideCase' });

export const decideAnswer = z
  .strictObject({ known: z.boolean(), decision: decisionSchema, ...effectsShape })
  .meta({ id: 'CaseAnswer', description: 'How the case ended, and what moved.' });

/** A crossing as callers and the event log see it. */
export const crossingToWire = (crossing: Crossing, units: readonly string[]) => ({
  check: crossing.check,
  unit: units[crossing.unit] as string,
  points: String(crossing.points),
  more_than: String(crossing.moreThan),
  window: { kind: crossing.kind, from: time(crossing.from), until: time(crossing.until) },
  paused_until: time(crossing.pausedUntil),
});

/** What is held back of a unit. */
export interface HeldBack {
  readonly unit: number;
  readonly lots: number;
  readonly points: bigint;
}

export const caseToWire = (
  found: Case,
  units: readonly string[],
  held: readonly HeldBack[],
  decision: StoredDecision | undefined,
) => ({
  id: wireId('cas', found.id),
  state: found.state,
  member: wireId('mem', BigInt(found.memberId)),
  cause: found.cause,
  occurred_at: time(found.at),
  opened_at: time(found.openedAt),
  crossings: found.crossings.map(crossing => crossingToWire(crossing, units)),
  held_back: held.map(({ unit, lots, points }) => ({ unit: units[unit], lots, points: String(points) })),
  decision: decision === undefined ? null : decisionToWire(decision),
});

export const creditToWire = (
  memberId: number,
  credit: { unit: number; at: number; cause: string; points: bigint; lots: readonly number[] },
  units: readonly string[],
) => ({
  unit: units[credit.unit],
  points: String(credit.points),
  occurred_at: time(credit.at),
  cause: credit.cause,
  entries: credit.lots.map(seq => entryId(walletId(memberId, credit.unit), seq)),
});

export const lotToWire = ({ wallet, seq, points, at, terms, event }: Pended, units: readonly string[]) => ({
  entry: entryId(wallet, seq),
  unit: units[unitOf(wallet)],
  points: String(points),
  occurred_at: time(at),
  available_at: time(terms.availableFrom),
  waits_for: event,
});
