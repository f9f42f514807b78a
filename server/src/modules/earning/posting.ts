import { accept, type Outcome, refuse } from '#platform/errors.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import { type Context, Draft } from '../ledger/index.ts';
import type { ProgramVersion } from '../program/index.ts';
import { type Cell, type Grant, type OrderState, rate, type Source, targets } from './model.ts';
import { lotTerms, NOTHING_HAPPENED } from './terms.ts';
import { credit, type Watch } from './velocity.ts';

/** What a command earned by a rule: the lot that it opened. */
export interface Earned {
  rule: string;
  unit: number;
  points: bigint;
  lot: number;
}

/** What a command took back by a rule: what was decided, and how it was effected. */
export interface Clawed {
  rule: string;
  unit: number;
  decided: bigint;
  cancelled: bigint;
  taken: bigint;
  excused: bigint;
  shortfall: bigint;
  debt: bigint;
}

export interface Decided {
  earned: Earned[];
  clawed: Clawed[];
}

/** What is brought from what it has earned so far to what it should have earned now: an order, or an activity. */
export interface Earning {
  readonly what: 'order' | 'activity';
  /** When it occurred, epoch ms. */
  readonly at: number;
  readonly grants: ReadonlyMap<string, Grant>;
  /** What each rule should have given in the end. */
  readonly wanted: ReadonlyMap<string, Wanted>;
  readonly happened?: ReadonlySet<string> | undefined;
  readonly tier?: string | null;
}

export interface Wanted {
  readonly rule: Omit<Source, 'id'>;
  readonly points: bigint;
}

/**
 * Moves an order from what it has earned so far to what it should have earned now: the difference of each rule
 * is earned or clawed back. New orders, amendments and returns all go this way, so that any sequence of them
 * sums exactly. `expired` says how much of each of the order's lots had expired before this batch, `occurredAt` when
 * what takes back happened, `watching` whether velocity looks at it, `cells` what the order earns.
 */
export function post(
  state: Pick<OrderState, 'order' | 'returned' | 'grants' | 'applied' | 'happened'>,
  version: ProgramVersion,
  context: Context,
  expired: ReadonlyMap<string, bigint>,
  occurredAt: number,
  watching: Watch | null = null,
  cells: readonly Cell[] = rate(state.order, version, state.applied),
): Outcome<{ drafts: Draft[]; decided: Decided }> {
  const { grants, happened, applied } = state;
  const wanted = targets(state, cells);
  const earning: Earning = {
    ...{ what: 'order', at: state.order.occurredAt, grants, wanted },
    ...{ happened, tier: applied.tier },
  };
  return settle(earning, version, context, expired, occurredAt, watching);
}

/** Posts the difference between what something has earned and what it should have earned, rule by rule. */
export function settle(
  { what, at, grants, wanted, happened, tier = null }: Earning,
  version: ProgramVersion,
  context: Context,
  expired: ReadonlyMap<string, bigint>,
  occurredAt: number,
  watching: Watch | null,
): Outcome<{ drafts: Draft[]; decided: Decided }> {
  const drafts = new Map<number, Draft>();
  const draftOf = (unit: number): Draft => {
    const draft = drafts.get(unit) ?? new Draft(context.wallet(unit), context.program.now);
    drafts.set(unit, draft);
    return draft;
  };
  const decided: Decided = { earned: [], clawed: [] };
  for (const [ref, grant] of grants) {
    const excess = grant.earned - grant.clawed - (wanted.get(ref)?.points ?? 0n);
    if (excess <= 0n) continue;
    const draft = draftOf(grant.unit);
    const lapsed = grant.lots.reduce(
      (sum, lot) => sum + (expired.get(`${draft.walletId}:${lot}`) ?? 0n) + draft.lapsed(lot),
      0n,
    );
    const result = draft.clawback(
      excess,
      grant.lots,
      lapsed - grant.excused,
      version.ifSpent,
      occurredAt,
      ref,
    );
    if (result === undefined) {
      return refuse(
        'points_already_spent',
        `The member has spent points of this ${what} and the program refuses returns then; ${excess} points would have to come back.`,
      );
    }
    decided.clawed.push({ rule: ref, unit: grant.unit, decided: excess, ...result });
  }
  for (const [ref, { rule, points }] of wanted) {
    const grant = grants.get(ref);
    const missing = points - ((grant?.earned ?? 0n) - (grant?.clawed ?? 0n));
    if (missing <= 0n) continue;
    const draft = draftOf(rule.unit.number);
    if (draft.balance.earned + missing > MAX_AMOUNT)
      return refuse(
        'points_out_of_range',
        `The ${what} would earn ${missing} points, more than a wallet can count.`,
      );
    const terms = lotTerms(rule.terms, at, version.timeZone, happened ?? NOTHING_HAPPENED, tier);
    const kind = rule.bonus === true ? 'bonus' : 'earn';
    const unit = rule.unit.number;
    const entry = credit(draft, { kind, unit, points: missing, terms, at, rule: ref }, watching);
    decided.earned.push({ rule: ref, unit, points: missing, lot: entry.seq });
  }
  return accept({ drafts: [...drafts.values()], decided });
}

/** The grants of an order after one more decision. */
export function addDecision(
  grants: ReadonlyMap<string, Grant>,
  { earned, clawed }: Decided,
): Map<string, Grant> {
  const after = new Map([...grants].map(([ref, grant]) => [ref, { ...grant, lots: [...grant.lots] }]));
  const of = (rule: string, unit: number): Grant => {
    const grant = after.get(rule) ?? { rule, unit, earned: 0n, clawed: 0n, excused: 0n, lots: [] };
    after.set(rule, grant);
    return grant;
  };
  for (const { rule, unit, points, lot } of earned) {
    const grant = of(rule, unit);
    grant.earned += points;
    grant.lots.push(lot);
  }
  for (const { rule, unit, decided, excused } of clawed) {
    const grant = of(rule, unit);
    grant.clawed += decided;
    grant.excused += excused;
  }
  return after;
}
