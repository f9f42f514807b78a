import { statement, type Tx } from '#platform/db/client.ts';
import {
  ACTIVITY,
  type ActivityRow,
  asActivity,
  type StoredActivity,
} from '../activities/activities.store.ts';
import type { StoredOrder, StoredRerating, StoredReturn } from '../records.ts';
import { asPayment, PAYMENT, type PaymentRow, type StoredPayment } from '../referrals/payments.store.ts';
import {
  asReferral,
  REFERRAL,
  REFERRAL_STEPS,
  type ReferralRow,
  type ReferralState,
} from '../referrals/referrals.store.ts';
import { asOrder, asReturn, ORDER, type OrderRow, RETURN, type ReturnRow } from '../store.ts';
import {
  ACTIVITY_RERATING,
  type ActivityReratingRow,
  asActivityRerating,
  type StoredActivityRerating,
} from './activity-reratings.store.ts';
import { asRerating, RERATING, type ReratingRow } from './reratings.store.ts';

/** Something that was decided, in the order in which things arrived: `id` is that of the decision. */
export type Decision =
  | { readonly id: bigint; readonly order: StoredOrder }
  | { readonly id: bigint; readonly back: StoredReturn }
  | { readonly id: bigint; readonly again: StoredRerating }
  | { readonly id: bigint; readonly activity: StoredActivity }
  | { readonly id: bigint; readonly corrected: HistoricActivityRerating }
  | { readonly id: bigint; readonly referral: ReferralState }
  | { readonly id: bigint; readonly payment: HistoricPayment };

/** What a side of a referral was given or gave back, with whose side it is and when that happened. */
export interface HistoricPayment extends StoredPayment {
  readonly memberId: number;
  readonly occurredAt: number;
}

/** An activity that was decided again, with whose it is and when it occurred. */
export interface HistoricActivityRerating extends StoredActivityRerating {
  readonly memberId: number;
  readonly occurredAt: number;
}

const firsts = statement(
  'earning_history_orders',
  `select ${ORDER} from earning.orders o
   where o.program_id = $1 and o.decision is null and o.id > $2 and o.id <= $3 order by o.id limit $4`,
);
const laters = statement(
  'earning_history_revisions',
  `select ${ORDER} from earning.orders o
   where o.program_id = $1 and o.decision > $2 and o.decision <= $3 order by o.decision limit $4`,
);
const returns = statement(
  'earning_history_returns',
  `select ${RETURN} from earning.returns r where r.program_id = $1 and r.id > $2 and r.id <= $3 order by r.id limit $4`,
);
const reratings = statement(
  'earning_history_reratings',
  `select ${RERATING} from earning.reratings r where r.program_id = $1 and r.id > $2 and r.id <= $3 order by r.id limit $4`,
);
const activities = statement(
  'earning_history_activities',
  `select ${ACTIVITY} from earning.activities a where a.program_id = $1 and a.id > $2 and a.id <= $3 order by a.id limit $4`,
);
const corrections = statement(
  'earning_history_activity_reratings',
  `select ${ACTIVITY_RERATING}, a.member_id, a.occurred_at
   from earning.activity_reratings r join earning.activities a on a.id = r.activity_id
   where r.program_id = $1 and r.id > $2 and r.id <= $3 order by r.id limit $4`,
);
const referrals = statement(
  'earning_history_referrals',
  `select ${REFERRAL} from earning.referrals r ${REFERRAL_STEPS}
   where r.program_id = $1 and r.id > $2 and r.id <= $3 order by r.id limit $4`,
);
const payments = statement(
  'earning_history_payments',
  `select ${PAYMENT}, case p.side when 'friend' then r.friend_id else r.referrer_id end, s.occurred_at
   from earning.referral_payments p join earning.referrals r on r.id = p.referral_id
     join earning.referral_steps s on s.referral_id = p.referral_id and s.step = p.step
   where p.program_id = $1 and p.id > $2 and p.id <= $3 order by p.id limit $4`,
);
const REFERRALS = ['referrals', 'referral_payments'];
const HISTORY = ['orders', 'returns', 'reratings', 'activities', 'activity_reratings', ...REFERRALS];
const COUNTED = HISTORY.filter(table => !table.includes('reratings'));
const newest = statement(
  'earning_history_end',
  `select greatest(${HISTORY.map(table => `(select max(id) from earning.${table} where program_id = $1)`).join(', ')},
     (select max(decision) from earning.orders where program_id = $1)),
     ${COUNTED.map(table => `(select count(*) from earning.${table} where program_id = $1)`).join(' + ')}`,
);
const changed = statement(
  'earning_history_changed',
  `select distinct id from earning.orders where program_id = $1 and decision is not null
   union select distinct order_id from earning.returns where program_id = $1
   union select distinct order_id from earning.reratings where program_id = $1`,
);

type Value = bigint | number;

/** The id of the newest decision (0n: none) and how many there are. */
export async function end(tx: Tx, programId: number): Promise<{ last: bigint; count: number }> {
  const [row] = await tx.run<[bigint | null, bigint]>(newest, [programId]);
  return { last: row?.[0] ?? 0n, count: Number(row?.[1] ?? 0n) };
}

/** The orders that were revised, of which something came back, or that were decided again. */
export const changedOrders = async (tx: Tx, programId: number): Promise<Set<bigint>> =>
  new Set((await tx.run<[bigint]>(changed, [programId])).map(([id]) => id));

const corrected = statement(
  'earning_history_corrected',
  `select distinct a.member_id from earning.activity_reratings r join earning.activities a on a.id = r.activity_id
   where r.program_id = $1`,
);

/** The members with activities that were decided again. */
export const correctedMembers = async (tx: Tx, programId: number): Promise<Set<number>> =>
  new Set((await tx.run<[bigint]>(corrected, [programId])).map(([id]) => Number(id)));

/** One of the streams of decisions, read a page ahead. */
function stream<Row extends unknown[]>(
  read: (after: bigint) => Promise<Row[]>,
  decisionOf: (row: Row) => Decision,
  size: number,
) {
  let page: Decision[] = [];
  let at = 0;
  let after = 0n;
  let isOver = false;
  return {
    async peek(): Promise<Decision | undefined> {
      if (at < page.length) return page[at];
      if (isOver) return undefined;
      page = (await read(after)).map(decisionOf);
      at = 0;
      isOver = page.length < size;
      after = page.at(-1)?.id ?? after;
      return page[at];
    },
    next(): void {
      at += 1;
    },
  };
}

/** All decisions of a program up to the id `last`, as they arrived, in pages of at most `size`. */
export async function* decisions(
  tx: Tx,
  programId: number,
  last: bigint,
  size: number,
): AsyncGenerator<Decision[]> {
  const values = (after: bigint): Value[] => [programId, after, last, size];
  const streams = [
    stream(
      after => tx.run<OrderRow>(firsts, values(after)),
      row => ({ id: row[0], order: asOrder(row).stored }),
      size,
    ),
    stream(
      after => tx.run<OrderRow>(laters, values(after)),
      row => ({ id: row.at(-1) as bigint, order: asOrder(row).stored }),
      size,
    ),
    stream(
      after => tx.run<ReturnRow>(returns, values(after)),
      row => ({ id: row[0], back: asReturn(row).stored }),
      size,
    ),
    stream(
      after => tx.run<ReratingRow>(reratings, values(after)),
      row => ({ id: row[0], again: asRerating(row).stored }),
      size,
    ),
    stream(
      after => tx.run<ActivityRow>(activities, values(after)),
      row => ({ id: row[0], activity: asActivity(row).stored }),
      size,
    ),
    stream(
      after => tx.run<[...ActivityReratingRow, bigint, number]>(corrections, values(after)),
      ([...row]) => {
        const occurredAt = row.pop() as number;
        const memberId = Number(row.pop());
        const { stored } = asActivityRerating(row as unknown as ActivityReratingRow);
        return { id: row[0], corrected: { ...stored, memberId, occurredAt } };
      },
      size,
    ),
    stream(
      after => tx.run<ReferralRow>(referrals, values(after)),
      row => ({ id: row[0], referral: asReferral(row) }),
      size,
    ),
    stream(
      after => tx.run<[...PaymentRow, bigint, number]>(payments, values(after)),
      ([...row]) => {
        const occurredAt = row.pop() as number;
        const memberId = Number(row.pop());
        return {
          id: row[0],
          payment: { ...asPayment(row as unknown as PaymentRow).stored, memberId, occurredAt },
        };
      },
      size,
    ),
  ];
  for (;;) {
    const page: Decision[] = [];
    while (page.length < size) {
      let first: (typeof streams)[number] | undefined;
      let earliest: Decision | undefined;
      for (const each of streams) {
        const head = await each.peek();
        if (head !== undefined && (earliest === undefined || head.id < earliest.id)) {
          earliest = head;
          first = each;
        }
      }
      if (earliest === undefined || first === undefined) break;
      page.push(earliest);
      first.next();
    }
    if (page.length > 0) yield page;
    if (page.length < size) return;
  }
}
