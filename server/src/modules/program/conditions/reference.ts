import type { AttributeType } from '../activities.section.ts';
import { MAX_CONDITION } from '../fields.ts';
import {
  compileActivityCondition,
  compileCondition,
  compileOrderCondition,
  MAX_DEPTH,
  MAX_STEPS,
} from './compile.ts';
import { ofActivity } from './scopes.ts';
import { LINE_VARIABLES, VARIABLES, type Variable } from './variables.ts';

/*
 * docs/reference/conditions.md. What it says about variables comes from their table, what it says about mistakes from
 * the compiler; its examples are run by reference.test.ts.
 */

/** Conditions, what they say, and what has to change in the common golden input for them to hold. */
export const EXAMPLES: readonly [condition: string, says: string, input: object][] = [
  ['order.total >= 5000', 'Orders of 50.00 dollars or more.', {}],
  [
    `order.kind == 'hotel' && member.country in ['NL', 'BE']`,
    'Hotel bookings of members in the Netherlands or Belgium.',
    {},
  ],
  [`order.channel == 'app' || tier == 'gold'`, 'Orders in the app, and all orders of gold members.', {}],
  [`order.lines.exists(line, line.category == 'spa')`, 'Orders with something of the category spa.', {}],
  [
    `order.lines.all(line, line.amount >= 1000)`,
    'Orders in which each line comes to 10.00 dollars or more.',
    {},
  ],
  [
    `order.lines.exists_one(line, line.category == 'room')`,
    'Orders with exactly one line of the category room.',
    {},
  ],
  ['size(order.lines) >= 2', 'Orders of two lines or more.', {}],
  ['order.total >= order.quantity * 2500', 'Orders of 25.00 dollars or more for each piece.', {}],
  ['has(order.attributes.nights) && order.attributes.nights >= 3', 'Bookings of three nights or more.', {}],
  [`order.attributes["room type"] == 'suite'`, 'Suites; the name of this attribute has a space.', {}],
  [
    `order.attributes.arrival >= '2026-12-01'`,
    'Arrival in December 2026 or later; such dates sort as texts.',
    {},
  ],
  [`order.partner == ''`, 'Orders that came from no partner.', {}],
  [
    `'vip' in member.segments && member.enrolled_days >= 365`,
    'Members of the segment vip who joined a year ago.',
    {},
  ],
  [
    'member.orders > 0 && member.last_order_days >= 90',
    'Members who ordered before, but not in the last 90 days.',
    {},
  ],
  [
    'member.spend + order.total >= 100000',
    'The order by which a member reaches 1,000.00 dollars, and those after it.',
    {},
  ],
  [
    `member.segments.exists(name, name.startsWith('winback-'))`,
    'Members of any segment that begins with winback-.',
    { member: { segments: ['winback-spring'] } },
  ],
  [
    `time.weekday in ['saturday', 'sunday'] && time.hour < 12`,
    'Weekend mornings, in the time zone of the program.',
    { time: { weekday: 'sunday', hour: 9 } },
  ],
  [
    `order.total >= (tier == 'gold' ? 5000 : 10000)`,
    'From 50.00 dollars for gold members, from 100.00 for others.',
    {},
  ],
  [`!order.external_id.startsWith('TEST-')`, 'No test orders.', {}],
];

/** An activity to show conditions on activities with. */
export const REVIEW: ReadonlyMap<string, AttributeType> = new Map([
  ['stars', 'integer'],
  ['product', 'text'],
  ['photo', 'boolean'],
] as const);

/** Conditions of rules on it, what they say, and attributes of which they hold. */
export const REVIEW_EXAMPLES: readonly [
  condition: string,
  says: string,
  attributes: Readonly<Record<string, string | number | boolean>>,
][] = [
  ['activity.attributes.stars >= 4', 'Reviews of four stars or more.', { stars: 4 }],
  [
    'has(activity.attributes.photo) && activity.attributes.photo',
    'Reviews with a photo; the attribute may be left out.',
    { photo: true },
  ],
  [
    `activity.attributes.product.startsWith('A-') && time.weekday in ['saturday', 'sunday']`,
    'Reviews of products A-…, at weekends.',
    { product: 'A-100' },
  ],
];

/** Mistakes in rules, for the table of what people are told. */
const RULE_MISTAKES: readonly [on: 'order' | 'review', condition: string][] = [
  ['order', `order.total >= 5000 && tier == 'gold'`],
  ['review', 'activity.attributes.star >= 4'],
  ['review', `activity.attributes.stars == '4'`],
  ['review', 'order.total >= 5000'],
];

/** Mistakes that people make, for the table of what they are told. */
const MISTAKES = [
  `order.chanel == 'app'`,
  'order.total >= 50.00',
  `order.total = 5000`,
  `order.kind == 'hotel' and tier == 'gold'`,
  `time.weekday == 'Friday'`,
  'order.total / order.quantity > 2500',
  `order.external_id.matches('^B-')`,
  'order.attributes.vip',
  'order.total * order.total > 1',
];

const OPERATORS: readonly [written: string, meaning: string][] = [
  [
    `\`'hotel'\` \`"hotel"\` \`5000\` \`-1\` \`2.5\` \`true\` \`false\``,
    'Texts, whole numbers, numbers with decimals, and the two truths. `2.5` is for attributes only.',
  ],
  [
    '`==` `!=`',
    'Equal and not equal, of two numbers, texts or truths. An attribute of another type is not equal.',
  ],
  ['`<` `<=` `>` `>=`', 'Numbers by size, texts by their characters.'],
  ['`&&` `\\|\\|` `!`', 'And, or, not. `&&` binds more strongly than `\\|\\|`.'],
  ['`a ? b : c`', '`b` if `a`, else `c`.'],
  ['`+` `-` `*`', 'Of whole numbers. What could need more than 64 bits is refused.'],
  ["`in ['a', 'b']`", 'Whether it is one of these texts or numbers.'],
  ["`'vip' in member.segments`", 'Whether the list holds this text.'],
  ["`'nights' in order.attributes`", 'Whether there is an attribute of this name.'],
  ['`has(order.attributes.nights)`', 'The same, shorter.'],
  [
    "`order.kind.startsWith('h')`",
    'Also `endsWith` and `contains`. Capital and small letters are different.',
  ],
  ['`size(order.lines)`', 'How many lines, segments or attributes there are, or characters of a text.'],
  [
    '`order.lines.exists(line, …)`',
    'Whether the condition in the parentheses holds for a line; `line` is a name of your own for it. `all`: for each line. `exists_one`: for exactly one. Also of `member.segments`, where the name stands for one text. Not inside each other.',
  ],
];

const TYPES: Readonly<Record<Variable['type'], string>> = {
  string: 'text',
  int: 'whole number',
  strings: 'list of texts',
  lines: 'list of lines',
  attributes: 'attributes',
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map(row => `| ${row.join(' | ')} |`)
    .join('\n')
    .replaceAll('| --- ', '|---')
    .replaceAll('---|---', '---|---');

const inCell = (code: string): string => `\`${code.replaceAll('|', '\\|')}\``;

const rowsOf = (variables: ReadonlyMap<string, Variable>, before = ''): string[][] =>
  [...variables].map(([path, { type, meaning }]) => [`\`${before}${path}\``, TYPES[type], meaning]);

function told(text: string): string[] {
  const compiled = compileCondition(text);
  if (compiled.ok) throw new Error(`"${text}" is no mistake.`);
  return [inCell(text), `At character ${compiled.at + 1}: ${compiled.message}`];
}

function toldOfRule([on, text]: (typeof RULE_MISTAKES)[number]): string[] {
  const compiled = on === 'order' ? compileOrderCondition(text) : compileActivityCondition(text, on, REVIEW);
  if (compiled.ok) throw new Error(`"${text}" is no mistake.`);
  const rule = on === 'order' ? 'orders' : '`review`';
  return [rule, inCell(text), `At character ${compiled.at + 1}: ${compiled.message}`];
}

const ofReview = new Map(
  [...ofActivity('review', REVIEW).variables].filter(([path]) => !VARIABLES.has(path)),
);

/** The whole page. */
export const conditionsReferenceText = (): string => `# Conditions

A campaign's \`if\` is a condition: it is asked of each order within the schedule and audience of the campaign, and is true
or false. Challenges, segments and [earning rules](#earning-rules) have conditions too. One is written in a part of [CEL](https://cel.dev), the Common Expression Language. What is not on this page is
refused when the program is checked, with the place of the mistake and mostly with a suggestion.

This page is made from the engine's own tables.

## Examples

${table(
  ['condition', 'for'],
  EXAMPLES.map(([condition, says]) => [inCell(condition), says]),
)}

## Variables

${table(['variable', 'type', 'what it is'], rowsOf(VARIABLES))}

Of a line, where \`line\` is the name that \`exists\`, \`all\` or \`exists_one\` gives it:

${table(['variable', 'type', 'what it is'], rowsOf(LINE_VARIABLES, 'line.'))}

**Amounts** are whole numbers in minor units of the program's currency, whatever currency the order was paid in: with USD,
\`order.total >= 5000\` is 50.00 dollars or more; with JPY, 5000 yen. \`50.00\` beside an amount is refused.

**What is unknown** is \`''\`, \`0\` or an empty list: an order without channel has the channel \`''\`. There is no null, and
nothing but attributes can be missing.

**Attributes** are what you send along or keep yourself, of any type: text, \`true\` and \`false\`, a number without decimals
(a whole number), a number with decimals. A name that is not made of letters, digits and _ goes into brackets and quotes.

## What can be written

${table(['written', 'meaning'], OPERATORS)}

Parentheses group. A backslash in a text stands before a quote or another backslash. \`// …\` to the end of the line is a
comment.

## Earning rules

The \`if\` of a rule in \`earning\` is asked beside its \`when\`. It reads what the rule rates and nothing else, so that a
return, an amendment, an explanation and a backtest come to the same answer for ever. What depends on the member, the tier or
what was bought before is a campaign.

- A rule **on orders** reads \`order\` and \`time\` of the table above. \`when\` says which lines earn; \`if\` is about the
  order as a whole.
- A rule **on an activity** reads \`time\`, which is when the activity happened, and:

${table(['of an activity', 'type', 'what it is'], rowsOf(ofReview))}

The attributes of an activity have the types that \`activities\` declares: one that is not declared is refused, and so is one
that is compared with another type. Each may be left out when it is sent; ask with \`has\` where it can be. With
\`"review": { "attributes": { "stars": "integer", "product": "text", "photo": "boolean" } }\`:

${table(
  ['condition of a rule on `activity:review`', 'for'],
  REVIEW_EXAMPLES.map(([condition, says]) => [inCell(condition), says]),
)}

What people are told of rules:

${table(['rule on', 'written', 'answer'], RULE_MISTAKES.map(toldOfRule))}

## When there is no answer

A condition that asks for an attribute that is missing, or takes it for something that it is not (\`> 3\` of a text), has no
answer. It **counts as not matched**, and that is recorded with the order or activity, whether or not it earns anything: the
rule and the reason stand under \`not_judged\` in the answers of \`POST /v1/orders\` and \`POST /v1/activities\`, in
\`GET /v1/orders/{order}\`, and in what \`GET /v1/entries/{entry}\` explains. Those who run the engine are
[alarmed](../guides/operate.md#conditions-without-an-answer), and a backtest counts such orders and activities beforehand. Ask
with \`has\` first. As everywhere in CEL, what decides alone wins, on either side: \`true || …\` is true and \`false && …\` is
false, whatever the other part is. The same goes for a calculation that needs more than 64 bits. Where it could with amounts
up to 10^14 minor units, numbers of attributes up to 10^12, or that many pieces, it is refused before it is saved.

## Bounds

A condition has at most ${MAX_CONDITION} characters and ${MAX_STEPS} values, variables, operators and functions (a list counts as
one), nested at most ${MAX_DEPTH} deep. Division, regular expressions, and lists made or gone through inside lists are not part of
it: each condition has an end, after one pass over the lines for each \`exists\`, \`all\` or \`exists_one\`, and cannot divide by
zero.

## What you are told

${table(['written', 'answer'], MISTAKES.map(told))}

## For other engines

\`server/src/modules/program/conditions/golden.json\` holds conditions with an input and what they come to, and conditions that
are refused, also of rules on orders and on activities. Any engine that is to decide as this one does gives the same answers.
`;
