import type { AttributeType } from '../activities.section.ts';

/*
 * The variables of conditions: what a caller has to know of an order, an activity or a member to judge one.
 * Whatever is unknown is '' or 0 or empty, so that a condition needs no checks for null.
 */

/** A value of an attribute. A number without decimals is a whole number to conditions, another one a double. */
export type Attribute = string | number | bigint | boolean;

export interface ConditionLine {
  readonly sku: string;
  readonly category: string;
  readonly quantity: number;
  /** Minor units of the program's currency. */
  readonly amount: bigint;
}

/**
 * What a condition is judged by. Each property may be a getter that works out its value when it is asked for; it is
 * asked each time the condition mentions it, so it should keep what it found. Counts are whole numbers, and amounts
 * are within 64 bits.
 */
export interface ConditionInput {
  readonly order: {
    readonly external_id: string;
    readonly kind: string;
    readonly channel: string;
    readonly partner: string;
    readonly currency: string;
    /** Minor units of the program's currency. */
    readonly total: bigint;
    readonly quantity: number;
    readonly lines: readonly ConditionLine[];
    readonly attributes: Readonly<Record<string, Attribute>>;
  };
  readonly member: {
    readonly external_id: string;
    readonly enrolled_days: number;
    readonly country: string;
    readonly attributes: Readonly<Record<string, Attribute>>;
    readonly segments: readonly string[];
    /** How many orders came before, whole returns left out. */
    readonly orders: number;
    /** What they came to, less what came back by then. Minor units of the program's currency. */
    readonly spend: bigint;
    /** For how many whole days there was no order; 0 where there never was one. */
    readonly last_order_days: number;
  };
  readonly tier: string;
  /** When it happened, in the program's time zone. */
  readonly time: {
    readonly year: number;
    readonly month: number;
    readonly day: number;
    readonly hour: number;
    readonly minute: number;
    readonly weekday: string;
  };
}

/** What the condition of a rule on orders is judged by: nothing but the order, so that it comes out the same for ever. */
export type OrderInput = Pick<ConditionInput, 'order' | 'time'>;

/** What the condition of a rule on an activity is judged by. */
export interface ActivityInput extends Pick<ConditionInput, 'time'> {
  readonly activity: {
    readonly type: string;
    readonly attributes: Readonly<Record<string, Attribute>>;
  };
}

/** All that variables read. A scope lets a condition name only those that its own input has. */
export interface Inputs extends ConditionInput, ActivityInput {}

/** What has to be loaded for a condition. Who reads `segments` reads `member` too; `history` is what was bought before. */
export type ConditionReads =
  | 'order'
  | 'lines'
  | 'member'
  | 'history'
  | 'segments'
  | 'tier'
  | 'time'
  | 'activity';

/** What stands in one place of a list that `exists`, `all` or `exists_one` go through. */
export type Item = ConditionLine | string;

export type Scalar = boolean | bigint | number | string;

export interface TextVariable {
  readonly type: 'string';
  readonly meaning: string;
  readonly reads: readonly ConditionReads[];
  /** All that it can be, where that is known. */
  readonly words?: readonly string[];
  read(input: Inputs, item: Item): string;
}

export interface NumberVariable {
  readonly type: 'int';
  readonly meaning: string;
  readonly reads: readonly ConditionReads[];
  /** How large it is assumed to be, when a calculation is checked before it is saved. */
  readonly most: bigint;
  readonly isMoney: boolean;
  read(input: Inputs, item: Item): bigint;
}

export interface TextsVariable {
  readonly type: 'strings';
  readonly meaning: string;
  readonly reads: readonly ConditionReads[];
  read(input: Inputs): readonly string[];
}

export interface LinesVariable {
  readonly type: 'lines';
  readonly meaning: string;
  readonly reads: readonly ConditionReads[];
  read(input: Inputs): readonly ConditionLine[];
}

export interface AttributesVariable {
  readonly type: 'attributes';
  readonly meaning: string;
  readonly reads: readonly ConditionReads[];
  /** Where only some can be there: what declares them, and their types. */
  readonly declared?: { readonly by: string; readonly types: ReadonlyMap<string, AttributeType> };
  read(input: Inputs): Readonly<Record<string, Attribute>>;
}

export type Variable = TextVariable | NumberVariable | TextsVariable | LinesVariable | AttributesVariable;

/** No order comes near these. A calculation that stays within 64 bits for all that is below them can be saved. */
const MOST_MONEY = 10n ** 14n;
const MOST_PIECES = 10n ** 12n;
/** What a number of an attribute is assumed to be at most. */
export const MOST_ATTRIBUTE = 10n ** 12n;

type ReadText = (input: Inputs) => string;
type ReadNumber = (input: Inputs) => number;

const text = (
  reads: ConditionReads,
  read: ReadText,
  meaning: string,
  words?: readonly string[],
): TextVariable => ({ type: 'string', meaning, reads: [reads], read, ...(words && { words }) });

const count = (reads: ConditionReads, read: ReadNumber, most: bigint, meaning: string): NumberVariable => ({
  type: 'int',
  meaning,
  reads: [reads],
  most,
  isMoney: false,
  read: input => BigInt(read(input)),
});

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** Every variable by the path that a condition writes. */
export const VARIABLES: ReadonlyMap<string, Variable> = new Map<string, Variable>([
  ['order.external_id', text('order', i => i.order.external_id, "The order's id in the shop.")],
  ['order.kind', text('order', i => i.order.kind, "What was bought, for example `'hotel'`.")],
  ['order.channel', text('order', i => i.order.channel, "Where it was bought, for example `'app'`.")],
  ['order.partner', text('order', i => i.order.partner, 'The partner it was bought from.')],
  ['order.currency', text('order', i => i.order.currency, "The order's own currency, for example `'EUR'`.")],
  [
    'order.total',
    {
      type: 'int',
      meaning: "The sum of its lines, in minor units of the program's currency: 50.00 dollars are `5000`.",
      reads: ['order'],
      most: MOST_MONEY,
      isMoney: true,
      read: input => input.order.total,
    },
  ],
  [
    'order.quantity',
    count('order', i => i.order.quantity, MOST_PIECES, 'The sum of the quantities of its lines.'),
  ],
  [
    'order.lines',
    {
      type: 'lines',
      meaning: 'Its lines, for `exists`, `all`, `exists_one` and `size`.',
      reads: ['lines'],
      read: input => input.order.lines,
    },
  ],
  [
    'order.attributes',
    {
      type: 'attributes',
      meaning: 'What the shop sent along: `order.attributes.nights`, or `order.attributes["room type"]`.',
      reads: ['order'],
      read: input => input.order.attributes,
    },
  ],
  [
    'member.external_id',
    text('member', i => i.member.external_id, "The member's id in the company's systems."),
  ],
  [
    'member.enrolled_days',
    count(
      'member',
      i => i.member.enrolled_days,
      1_000_000n,
      'For how many whole days the member has been enrolled.',
    ),
  ],
  ['member.country', text('member', i => i.member.country, "The member's country, for example `'NL'`.")],
  [
    'member.attributes',
    {
      type: 'attributes',
      meaning: 'What is kept about the member: `member.attributes.newsletter`.',
      reads: ['member'],
      read: input => input.member.attributes,
    },
  ],
  [
    'member.segments',
    {
      type: 'strings',
      meaning: 'The segments that the member is in, for `in`, `exists`, `all`, `exists_one` and `size`.',
      reads: ['member', 'segments'],
      read: input => input.member.segments,
    },
  ],
  [
    'member.orders',
    count(
      'history',
      i => i.member.orders,
      1_000_000_000n,
      "How many orders the member placed before this one, by the orders' times; what came back whole does not count.",
    ),
  ],
  [
    'member.spend',
    {
      type: 'int',
      meaning:
        "What these orders came to, less what had come back by then, in minor units of the program's currency.",
      reads: ['history'],
      most: MOST_MONEY,
      isMoney: true,
      read: input => input.member.spend,
    },
  ],
  [
    'member.last_order_days',
    count(
      'history',
      i => i.member.last_order_days,
      1_000_000n,
      'For how many whole days the member had not ordered; 0 where there was no order, so ask for `member.orders > 0` as well.',
    ),
  ],
  [
    'tier',
    text(
      'tier',
      i => i.tier,
      "The member's tier just before, for example `'gold'`; `''` in a program without.",
    ),
  ],
  ['time.year', count('time', i => i.time.year, 9_999n, 'The year.')],
  ['time.month', count('time', i => i.time.month, 12n, 'The month, 1 to 12.')],
  ['time.day', count('time', i => i.time.day, 31n, 'The day of the month, 1 to 31.')],
  ['time.hour', count('time', i => i.time.hour, 23n, 'The hour, 0 to 23.')],
  ['time.minute', count('time', i => i.time.minute, 59n, 'The minute, 0 to 59.')],
  [
    'time.weekday',
    text('time', i => i.time.weekday, "The day of the week: `'monday'` to `'sunday'`.", WEEKDAYS),
  ],
]);

const lineText = (name: 'sku' | 'category', meaning: string): [string, Variable] => [
  name,
  { type: 'string', meaning, reads: [], read: (_, item) => (item as ConditionLine)[name] },
];

const lineNumber = (
  name: 'quantity' | 'amount',
  most: bigint,
  isMoney: boolean,
  meaning: string,
): [string, Variable] => [
  name,
  {
    type: 'int',
    meaning,
    reads: [],
    most,
    isMoney,
    read: (_, item) => BigInt((item as ConditionLine)[name]),
  },
];

/** What a line has, by the name behind the variable that stands for it. */
export const LINE_VARIABLES: ReadonlyMap<string, Variable> = new Map([
  lineText('sku', 'The article.'),
  lineText('category', "Its category, for example `'shoes'`."),
  lineNumber('quantity', MOST_PIECES, false, 'How many of it.'),
  lineNumber(
    'amount',
    MOST_MONEY,
    true,
    "Its total after discounts, in minor units of the program's currency.",
  ),
]);

/** The text in one place of a list of texts. */
export const ITEM_TEXT: TextVariable = {
  type: 'string',
  meaning: 'One of the texts.',
  reads: [],
  read: (_, item) => item as string,
};

/** The words that a condition can begin a variable with. */
export const ROOTS: readonly string[] = [
  ...new Set([...VARIABLES.keys()].map(path => path.split('.')[0] as string)),
];
