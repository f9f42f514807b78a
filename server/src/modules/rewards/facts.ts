import type { Tx } from '#platform/db/client.ts';
import { accept, type Outcome } from '#platform/errors.ts';
import {
  levelAt,
  loadTimeline,
  type MemberQuestion,
  segmentsAt,
  type TimelineFacts,
} from '../earning/index.ts';
import { type Around, type Command, type Ledger, type Taken, walletId } from '../ledger/index.ts';
import { factsKey, factsOf, type MemberFacts } from '../members/index.ts';
import { type ProgramVersion, type Reward, startOf, versionAt } from '../program/index.ts';
import { type Belonging, itemOf } from './catalogue.ts';
import { type GiftBody, type GiftFacts, type GiftUse, loadGifts } from './gift-vouchers.facts.ts';
import { type HouseholdChange, lastChanges } from './households.store.ts';
import type {
  ChangeBody,
  NewRedemption,
  ProgramInForce,
  Redemption,
  RedemptionBody,
  StoredChange,
} from './model.ts';
import { loadStock, type StockFacts, stockKey, type Want } from './stock.facts.ts';
import * as store from './store.ts';
import * as uses from './uses.store.ts';
import { type SealedCode, unreadable, type Vouchers } from './vouchers.ts';

/** What redemptions and their changes decide on. */
export interface RewardFacts extends StockFacts {
  readonly redemptions: Map<bigint, Redemption>;
  /** What the redemptions that are refunded took, by the entry that took it. */
  readonly taken: ReadonlyMap<string, Taken[]>;
  /** How much of the lots that rewards credited has expired. */
  readonly expired: ReadonlyMap<string, bigint>;
  /** What the tiers of members depend on, where a reward asks for them. */
  readonly timeline: TimelineFacts;
  /** What is known of members, where a segment that a reward names reads it; by `factsKey`. */
  readonly members: ReadonlyMap<string, MemberFacts>;
  /** In which households they are who redeem for one. */
  readonly last: ReadonlyMap<number, HouseholdChange>;
  /** The vouchers that orders gave by campaigns. */
  readonly gifts: GiftFacts;
  /** How often members redeemed rewards or got them by campaigns, and since when that counts. */
  readonly uses: Map<string, { readonly since: number; count: number }>;
}

export type LoadRewards = (
  tx: Tx,
  commands: readonly Command<RedemptionBody | ChangeBody | GiftBody>[],
  known: readonly bigint[],
  around: Around,
) => Promise<RewardFacts>;

const useKey = (memberId: number, reward: string): string => `${memberId} ${reward}`;
/** Before every redemption. */
const LONG_AGO = Date.UTC(1900, 0, 1);

/** A command for a reward, with what the program says about it. */
interface Asked {
  readonly programId: number;
  readonly memberId: number;
  readonly reward: Reward;
  readonly capture: boolean;
  readonly now: number;
  readonly version: ProgramVersion;
}

/** How a batch loads what its redemptions and changes decide on: one function, because each sees what the others did. */
export const rewardLoader =
  (ledger: Ledger): LoadRewards =>
  async (tx, commands, _known, around) => {
    const ids = commands.flatMap(({ body }) => ('redemptionId' in body ? body.redemptionId : []));
    const redemptions = ids.length === 0 ? new Map() : await store.redemptions(tx, [...new Set(ids)]);
    const asked = commands.flatMap((command, index) => askedOf(command, index, around));
    const changes = commands.flatMap(({ body }, index) => {
      const redemption = 'redemptionId' in body ? redemptions.get(body.redemptionId) : undefined;
      return redemption === undefined
        ? []
        : [
            {
              redemption,
              kind: (body as ChangeBody).kind,
              program: around.programs[index] as ProgramInForce,
            },
          ];
    });
    const { gifts, wants, uses: given } = await loadGifts(tx, commands, around);
    const buyers = around.counterparts.flatMap(counterpart => counterpart?.id ?? []);
    const [last, taken, expired, counts, timeline, members, stock] = await Promise.all([
      buyers.length === 0 ? [] : lastChanges(tx, buyers),
      takenBy(tx, ledger, changes),
      expiredOf(tx, ledger, changes),
      usesOf(tx, [...asked, ...given]),
      loadTimeline(tx, asked.flatMap(timelineOf)),
      factsOf(tx, asked.flatMap(membersOf), { profile: true, lists: [] }),
      loadStock(tx, [...asked.flatMap(wantOf), ...changes.flatMap(wantOfChange), ...wants], around),
    ]);
    for (const id of stock.released) {
      const redemption = redemptions.get(id);
      if (redemption?.reward)
        redemptions.set(id, { ...redemption, reward: { ...redemption.reward, released: true } });
    }
    const now = new Map(last.map(({ stored }) => [stored.memberId, stored]));
    return { redemptions, gifts, last: now, taken, expired, uses: counts, timeline, members, ...stock };
  };

function askedOf(
  { body, programId }: Command<RedemptionBody | ChangeBody | GiftBody>,
  index: number,
  { holders, programs }: Around,
): Asked[] {
  if (!('reward' in body) || body.reward === null) return [];
  const { program, now } = programs[index] as ProgramInForce;
  const version = versionAt(program, now);
  const reward = version.rewards.get(body.reward);
  const holder = holders[index];
  if (reward === undefined || holder === undefined) return [];
  const { capture } = body;
  return [{ programId, memberId: holder.id, reward, capture, now, version }];
}

const timelineOf = ({ programId, memberId, now, version, reward: { reads } }: Asked) =>
  reads.tier || reads.history ? [{ programId, memberId, at: now, version, history: reads.history }] : [];

const membersOf = ({ programId, memberId, now, reward: { reads } }: Asked) =>
  reads.profile ? [{ programId, holderId: memberId, at: now }] : [];

function wantOf({ programId, reward, capture, now, version }: Asked): Want[] {
  const item = itemOf(reward);
  if (item === null) return [];
  const supply = reward.stock === null ? null : { version: version.version, stock: reward.stock };
  return [{ programId, item, kind: 'take', supply, now, codes: capture }];
}

interface Changing {
  readonly redemption: Redemption;
  readonly kind: ChangeBody['kind'];
  readonly program: ProgramInForce;
}

/** A void and a refund give a unit back; a capture of a voucher needs a code. All of them need the unit to be still theirs. */
function wantOfChange({ redemption, kind, program }: Changing): Want[] {
  const { reward, programId, id, state } = redemption;
  if (reward === null || reward.stock === null || reward.released || kind === 'fulfil') return [];
  const { item, shard } = reward.stock;
  const held = state === 'held' ? id : null;
  if (kind === 'capture') return [{ programId, item, kind: 'use', held, now: program.now }];
  return [{ programId, item, kind: 'give back', held, shard, now: program.now }];
}

const isRefund = ({ kind }: Changing): boolean => kind === 'refund' || kind === 'reject';

async function takenBy(
  tx: Tx,
  ledger: Ledger,
  changes: readonly Changing[],
): Promise<ReadonlyMap<string, Taken[]>> {
  const refunds = changes
    .filter(isRefund)
    .map(({ redemption: { wallet, holdSeq } }) => ({ wallet, seq: holdSeq }));
  return refunds.length === 0 ? new Map() : ledger.taken(tx, refunds);
}

async function expiredOf(
  tx: Tx,
  ledger: Ledger,
  changes: readonly Changing[],
): Promise<ReadonlyMap<string, bigint>> {
  const lots = changes
    .filter(isRefund)
    .flatMap(({ redemption, program }) => creditOf(redemption, program) ?? []);
  return lots.length === 0 ? new Map() : ledger.expired(tx, lots);
}

/** The lot that a redemption opened in a wallet of another unit. */
export function creditOf(
  { memberId, reward }: Redemption,
  { units }: Pick<ProgramInForce, 'units'>,
): { wallet: number; unit: number; seq: number } | undefined {
  if (reward === null || reward.creditSeq === null || !('points' in reward.gives)) return undefined;
  const unit = units.indexOf(reward.gives.points.unit);
  return { wallet: walletId(memberId, unit), unit, seq: reward.creditSeq };
}

async function usesOf(tx: Tx, asked: readonly GiftUse[]): Promise<RewardFacts['uses']> {
  const found: RewardFacts['uses'] = new Map();
  const questions = asked.flatMap(({ memberId, reward, now, version }) =>
    reward.limit === null
      ? []
      : [{ memberId, reward: reward.id, now, since: sinceOf(reward, now, version.timeZone) }],
  );
  if (questions.length === 0) return found;
  const counts = await uses.count(tx, questions);
  for (const [index, { memberId, reward, since }] of questions.entries())
    found.set(useKey(memberId, reward), { since, count: counts.get(index) ?? 0 });
  return found;
}

/** From when on redemptions count for a reward's limit, epoch ms. */
export const sinceOf = ({ limit }: Reward, now: number, timeZone: string): number =>
  limit === null || limit.every === 'ever' ? LONG_AGO : startOf(limit.every, now, timeZone);

export const usedBy = (facts: RewardFacts, memberId: number, reward: string): number =>
  facts.uses.get(useKey(memberId, reward))?.count ?? 0;

/** The tier of a member and the segments that it is in, as far as it was loaded for what is asked. */
export function belongingOf(
  { timeline, members }: Pick<RewardFacts, 'timeline' | 'members'>,
  { reads }: { readonly reads: Pick<Reward['reads'], 'tier'> },
  question: MemberQuestion,
): Belonging {
  const tier = reads.tier ? (levelAt(timeline, question)?.id ?? null) : null;
  const member = members.get(factsKey({ holderId: question.memberId, at: question.at }));
  return { tier, isIn: segmentsAt(question, { timeline, member, tier }) };
}

/** The code that a redemption takes next from its pool; refused where this engine could not hand it out. */
export const nextCode = (
  facts: RewardFacts,
  vouchers: Vouchers,
  { programId, item }: { programId: number; item: string },
): Outcome<SealedCode> => {
  const code = facts.codes.get(stockKey({ programId, item }))?.[0];
  if (code === undefined) throw new Error(`${item} of program ${programId} has stock, but no code is free`);
  return vouchers.open(programId, code) === undefined ? unreadable() : accept(code);
};

/** Makes a decision visible to the later ones of the batch. */
export function evolve(
  facts: RewardFacts,
  before: Redemption | undefined,
  after: NewRedemption | StoredChange,
): void {
  const redemption = 'redemption' in after ? after.redemption : after;
  const { reward, programId, memberId } = redemption;
  if (before !== undefined) facts.redemptions.set(redemption.id, redemption);
  const { aside } = after;
  if (reward === null || aside === undefined) return;
  for (const { item, shard, change } of aside.moves) {
    const stock = facts.stocks.get(stockKey({ programId, item }));
    if (change > 0) stock?.giveBack(shard);
    else stock?.take({ shard, lapsed: null });
  }
  if (aside.lapsed !== null && reward.stock !== null)
    facts.stocks
      .get(stockKey({ programId, item: reward.stock.item }))
      ?.take({ ...reward.stock, lapsed: aside.lapsed });
  if (aside.code !== null && reward.stock !== null)
    facts.codes.get(stockKey({ programId, item: reward.stock.item }))?.shift();
  const use = { memberId, reward: reward.id, at: redemption.occurredAt };
  if (before === undefined) noteUse(facts, use, 1);
  else if (reward.released && before.reward?.released === false) noteUse(facts, use, -1);
}

/** Counts what a member had of a reward at an instant, or what is undone of it, for the later ones of the batch. */
export function noteUse(
  { uses }: Pick<RewardFacts, 'uses'>,
  { memberId, reward, at }: { memberId: number; reward: string; at: number },
  change: 1 | -1,
): void {
  const use = uses.get(useKey(memberId, reward));
  if (use !== undefined && at >= use.since) use.count += change;
}
