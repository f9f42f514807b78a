import { type MemberFacts, NO_FACTS } from '../../members/index.ts';
import { type Campaign, type ConditionInput, localTime, type ProgramVersion } from '../../program/index.ts';
import type { Fault, Order } from '../model.ts';
import { orderInput } from '../orders/order-input.ts';
import type { Purchases } from '../orders/purchases.ts';

const DAY = 86_400_000;

/** Of whom and what a condition is asked. */
export interface Situation {
  readonly order: Order;
  readonly version: ProgramVersion;
  readonly externalId: string;
  /** The id of the member's level; empty where the program has no tiers. */
  readonly tier: string;
  /** Undefined for a member whom the batch enrols, and where nothing reads the member. */
  readonly member: MemberFacts | undefined;
  /** What was seen of the very order under the same version before. */
  readonly seen?: Pick<ConditionInput, 'order' | 'time'> | undefined;
  /** What the member bought before; asked at most once. */
  purchases(): Purchases;
  /** Told of segments whose condition could not be judged; the member is then not in them. */
  fault(fault: Fault): void;
}

/** What conditions and audiences ask about an order and its member. */
export interface Judged {
  readonly input: ConditionInput;
  /** Whether the member is in a segment of the program. */
  isIn(segment: string): boolean;
}

/** What conditions read about an order. Parts are made when the first condition asks for them. */
export function judged(situation: Situation): Judged {
  const { version, fault } = situation;
  let known: Map<string, boolean> | undefined;
  const isIn = (name: string): boolean => {
    known ??= new Map();
    const before = known.get(name);
    if (before !== undefined) return before;
    const segment = version.segments.get(name);
    const holds = segment?.condition.holds(input) ?? false;
    if (typeof holds === 'object') fault({ ref: segment?.ref ?? name, reason: holds.reason });
    known.set(name, holds === true);
    return holds === true;
  };
  const input = new SeenByConditions(situation, () => [...version.segments.keys()].filter(isIn));
  return { input, isIn };
}

const NOT_OF_ORDER = {
  externalId: '',
  tier: '',
  member: undefined,
  purchases: (): Purchases => {
    throw new Error('what the member bought is not of the order alone');
  },
};
const NO_SEGMENTS = (): string[] => [];

/** What conditions read that are decided by the order alone; others must not be asked. */
export const ofOrderAlone = (order: Order, version: ProgramVersion): ConditionInput =>
  new SeenByConditions({ ...NOT_OF_ORDER, order, version }, NO_SEGMENTS);

/** A class, because an object with getters of its own makes a function for each of them, for each order. */
class SeenByConditions implements ConditionInput {
  readonly tier: string;
  private readonly situation: Omit<Situation, 'fault'>;
  private readonly segments: () => string[];
  private ofOrder: ConditionInput['order'] | undefined;
  private ofMember: ConditionInput['member'] | undefined;
  private ofTime: ConditionInput['time'] | undefined;

  constructor(situation: Omit<Situation, 'fault'>, segments: () => string[]) {
    this.tier = situation.tier;
    this.situation = situation;
    this.segments = segments;
  }

  get order(): ConditionInput['order'] {
    const { seen, order, version } = this.situation;
    this.ofOrder ??= seen?.order ?? orderInput(order, version);
    return this.ofOrder;
  }

  get member(): ConditionInput['member'] {
    const { order, externalId, member = NO_FACTS, purchases } = this.situation;
    this.ofMember ??= memberInput(order.occurredAt, externalId, member, purchases, this.segments);
    return this.ofMember;
  }

  get time(): ConditionInput['time'] {
    const { seen, order, version } = this.situation;
    this.ofTime ??= seen?.time ?? localTime(order.occurredAt, version.timeZone);
    return this.ofTime;
  }
}

/** Whole days from an instant to a later one; 0 where there is no instant. */
const daysSince = (from: number | null, at: number): number =>
  from === null ? 0 : Math.max(0, Math.floor((at - from) / DAY));

function memberInput(
  at: number,
  externalId: string,
  { enrolledAt, profile }: MemberFacts,
  purchases: Situation['purchases'],
  segments: () => string[],
): ConditionInput['member'] {
  let bought: Purchases | undefined;
  let inSegments: string[] | undefined;
  const before = (): Purchases => {
    bought ??= purchases();
    return bought;
  };
  return {
    external_id: externalId,
    enrolled_days: daysSince(enrolledAt, at),
    country: profile.country ?? '',
    attributes: profile.attributes,
    get segments() {
      inSegments ??= segments();
      return inSegments;
    },
    get orders() {
      return before().orders;
    },
    get spend() {
      return before().spend;
    },
    get last_order_days() {
      return daysSince(before().lastOrderAt, at);
    },
  };
}

/** Whether a campaign or challenge is for this member: country, lists and segments of its audience. */
export function isForMember(
  { countries, lists, segments }: Pick<Campaign, 'countries' | 'lists' | 'segments'>,
  member: MemberFacts = NO_FACTS,
  isIn: (segment: string) => boolean,
): boolean {
  if (!(countries?.has(member.profile.country ?? '') ?? true)) return false;
  if (!(lists?.some(list => member.lists.has(list)) ?? true)) return false;
  return segments?.some(isIn) ?? true;
}
