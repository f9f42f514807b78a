import type { ProgramVersion } from '../../program/index.ts';
import { campaignsOf, giftOf } from '../campaigns/effects.ts';
import type { OrderState } from '../model.ts';
import { isBack, takeTierStep, tierStep } from '../tiers/tier-gifts.ts';
import type { TierGrant } from '../tiers/tier-grants.store.ts';
import type { TimelineFacts } from '../tiers/timeline.ts';

/** What campaigns give an order beside points: by campaign. */
export type Gifts = ReadonlyMap<string, string>;

const NO_GIFTS: Gifts = new Map();
export const NO_CHANGE: ReadonlyMap<string, number> = new Map();

/** The gifts of an order by what applied to it; none of one that came back as a whole. */
export function giftsOf(
  state: Pick<OrderState, 'order' | 'applied' | 'returned'>,
  version: ProgramVersion,
): Gifts {
  if (state.applied.campaigns.length === 0 || isBack(state)) return NO_GIFTS;
  const gifts = new Map<string, string>();
  for (const campaign of campaignsOf(version, state.applied.campaigns)) {
    const gift = giftOf(campaign);
    if (gift !== undefined) gifts.set(campaign.id, gift);
  }
  return gifts;
}

/** How the number of gifts changes by a decision: by campaign and what it gives. */
export function changeOf(before: Gifts, after: Gifts): ReadonlyMap<string, number> {
  if (before.size === 0 && after.size === 0) return NO_CHANGE;
  const change = new Map<string, number>();
  for (const [gifts, by] of [
    [before, -1],
    [after, 1],
  ] as const)
    for (const [campaign, gift] of gifts) {
      const key = `${campaign} ${gift}`;
      change.set(key, (change.get(key) ?? 0) + by);
    }
  return change;
}

/**
 * Levels that replayed orders give, in the place of those that they did give. Grants by hand and those of other orders
 * stay; what somebody ended by hand is ended in the replay too.
 */
export class ImaginedTiers {
  private readonly timeline: TimelineFacts;
  private readonly isReplayed: (at: number) => boolean;
  private readonly imagined = new Map<number, TierGrant[]>();
  private readonly endedByHand = new Map<bigint, NonNullable<TierGrant['end']>>();

  /** `isReplayed` says whether an order at this time is decided again. */
  constructor(timeline: TimelineFacts, isReplayed: (at: number) => boolean) {
    this.timeline = timeline;
    this.isReplayed = isReplayed;
  }

  know(granted: ReadonlyMap<number, readonly TierGrant[]>): void {
    for (const [memberId, grants] of granted) {
      const kept = grants.filter(({ orderId, from }) => orderId === null || !this.isReplayed(from));
      for (const { orderId, end } of grants)
        if (orderId !== null && end?.endedBy.startsWith('key_')) this.endedByHand.set(orderId, end);
      this.timeline.granted.set(memberId, [...kept, ...(this.imagined.get(memberId) ?? [])]);
    }
  }

  /** What a decision about a replayed order does to the level that it gives. */
  decide(
    deciding: Omit<Parameters<typeof tierStep>[0], 'now' | 'why'>,
    before: OrderState | undefined,
    after: Parameters<typeof tierStep>[3],
  ): void {
    const { memberId, orderId } = deciding;
    const step = tierStep({ ...deciding, now: 0, why: '' }, this.timeline, before, after);
    if (step === null) return;
    const end = this.endedByHand.get(orderId) ?? null;
    takeTierStep(this.timeline, { ...step, granted: step.granted && { ...step.granted, end } });
    this.imagined.set(
      memberId,
      (this.timeline.granted.get(memberId) ?? []).filter(
        grant => grant.orderId !== null && this.isReplayed(grant.from),
      ),
    );
  }
}

/** What replayed orders give beside points: the levels that later orders see, and how often anything is given. */
export class GiftReplay extends ImaginedTiers {
  private readonly changed: ReadonlySet<bigint>;
  /** What orders that change later really gave, and what they give in the replay. */
  private readonly gifts = new Map<bigint, { actual: Gifts; draft: Gifts }>();

  constructor(timeline: TimelineFacts, isReplayed: (at: number) => boolean, changed: ReadonlySet<bigint>) {
    super(timeline, isReplayed);
    this.changed = changed;
  }

  drafted(orderId: bigint): Gifts {
    return this.gifts.get(orderId)?.draft ?? NO_GIFTS;
  }

  /** How the number of gifts changes by a decision after which an order gives these. */
  count(orderId: bigint, actual: Gifts, draft: Gifts) {
    const before = this.gifts.get(orderId);
    if (this.changed.has(orderId)) this.gifts.set(orderId, { actual, draft });
    return {
      actualGifts: changeOf(before?.actual ?? NO_GIFTS, actual),
      draftGifts: changeOf(before?.draft ?? NO_GIFTS, draft),
    };
  }

  /** The same for a return, after which an order may give nothing any more. */
  left(orderId: bigint, after: OrderState) {
    const { actual = NO_GIFTS, draft = NO_GIFTS } = isBack(after) ? {} : (this.gifts.get(orderId) ?? {});
    return this.count(orderId, actual, draft);
  }
}
