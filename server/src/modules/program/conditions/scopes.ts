import type { AttributeType } from '../activities.section.ts';
import { ROOTS, VARIABLES, type Variable } from './variables.ts';

/*
 * What a condition may read depends on where it stands. A campaign knows the order and its member; a rule only what it
 * rates, so that an order or an activity comes out the same whenever it is decided again.
 */

/** What may be read in one place. */
export interface Scope {
  /** By the path that a condition writes. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** The words that a variable can begin with. */
  readonly roots: readonly string[];
  /** The paths that `exists`, `all` and `exists_one` go through. */
  readonly lists: readonly string[];
  /** Parts of conditions for sentences that show how something is written. */
  readonly examples: {
    readonly comparison: string;
    readonly attribute: string;
    readonly text: string;
    readonly list: string;
  };
  /** Of a word that begins variables in another place only: why not here, and what to do. */
  elsewhere(root: string): string | undefined;
}

/** Conditions of campaigns, segments and challenges. */
export const OF_CAMPAIGNS: Scope = {
  variables: VARIABLES,
  roots: ROOTS,
  lists: ['order.lines', 'member.segments'],
  examples: {
    comparison: 'order.total >= 5000',
    attribute: 'order.attributes.nights',
    text: 'order.channel',
    list: `order.kind in ['hotel', 'flight']`,
  },
  elsewhere: () => undefined,
};

const only = (...roots: string[]): Map<string, Variable> =>
  new Map([...VARIABLES].filter(([path]) => roots.includes(path.split('.')[0] as string)));

/** Conditions of earning rules on orders. */
export const OF_ORDER_RULES: Scope = {
  ...OF_CAMPAIGNS,
  variables: only('order', 'time'),
  roots: ['order', 'time'],
  lists: ['order.lines'],
  elsewhere(root) {
    if (root === 'activity') return 'A rule on orders knows no activity. It reads "order" and "time" only.';
    return ROOTS.includes(root)
      ? `A rule on orders is decided by the order alone, so it reads "order" and "time" only. Make what depends on "${root}" a campaign, which can have this condition.`
      : undefined;
  },
};

const activityVariables = (
  name: string,
  types: ReadonlyMap<string, AttributeType>,
): [path: string, variable: Variable][] => [
  [
    'activity.type',
    {
      type: 'string',
      meaning: 'The name of the activity, as `activities` declares it.',
      reads: ['activity'],
      words: [name],
      read: input => input.activity.type,
    },
  ],
  [
    'activity.attributes',
    {
      type: 'attributes',
      meaning: 'What the company sent along, of the types that `activities` declares.',
      reads: ['activity'],
      declared: { by: `The activity "${name}"`, types },
      read: input => input.activity.attributes,
    },
  ],
];

/** Conditions of earning rules on one activity, with the attributes that it can carry. */
export const ofActivity = (name: string, types: ReadonlyMap<string, AttributeType>): Scope => ({
  variables: new Map([...activityVariables(name, types), ...only('time')]),
  roots: ['activity', 'time'],
  lists: [],
  examples: {
    comparison: 'time.hour < 12',
    attribute: `activity.attributes.${[...types.keys()][0] ?? 'stars'}`,
    text: 'activity.type',
    list: `time.weekday in ['saturday', 'sunday']`,
  },
  elsewhere: root =>
    ROOTS.includes(root)
      ? `A rule on an activity is decided by the activity alone: it reads "activity" and "time" only, and not "${root}".`
      : undefined,
});
