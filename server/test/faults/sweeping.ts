import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { documentOf, findFile, MEMBERS, missing, ORDERS, patiently, Shop } from './cdnow.ts';
import { killPostgres } from './processes.ts';
import type { Options, Report } from './world.ts';

const CLOCK = '1998-07-01T00:00:00Z';
const EXPIRED = 1_407_046;
const LEFT = 1_046_113;
const MEMBERS_LEFT = 8_312;
const LEFT_OF_07592 = 6_873;

/** The whole file on a clock that stands behind its end: what has expired by then lapses as it comes in. */
const STANDING = 'standing';
/** The file month by month, on a clock that goes along: what expires waits for the sweep. */
const MOVING = 'moving';

/** Points that expire after 12 months. Balances are right before any sweep; sweeps are killed half way. */
export async function killSweeps(options: Options): Promise<Report | string> {
  if (!existsSync(findFile())) return missing();
  // Without the scheduler nothing is swept that this scenario does not sweep.
  const shop = new Shop('sweep', options, { FEALTY_ROLES: 'api,worker' });
  const figures: Record<string, number | string> = {};
  let report: Report | undefined;
  try {
    await shop.engine.start();
    await publish(shop, STANDING, CLOCK);
    shop.equal('orders', (await shop.importAll(STANDING)).created, ORDERS);
    figures['expired as they came in'] = await expired(shop, STANDING);
    await compareLeft(shop, STANDING, 'on a clock that stands, before any sweep');
    await sweep(shop, STANDING);
    await compareEnd(shop, STANDING);
    options.say(`sweep: compared on a clock that stands; ${shop.wrong.length} things wrong`);

    await importByMonth(shop);
    const before = await expired(shop, MOVING);
    figures['expired by later orders'] = before;
    if (before >= EXPIRED / 2) shop.wrong.push(`only ${EXPIRED - before} points were left for the sweep`);
    await compareLeft(shop, MOVING, 'on a clock that moves, before any sweep');
    const seen: number[] = [];
    for (let kill = 1; kill <= options.kills; kill++) {
      const goal = before + ((EXPIRED - before) * kill) / (options.kills + 1);
      seen.push(await killHalfway(shop, kill, options.kills, goal));
    }
    figures['expired after each kill'] = seen.join(' ');
    figures['expired by the last sweep'] = (await sweep(shop, MOVING)).expired.points ?? '0';
    await compareEnd(shop, MOVING);
    await shop.verify(MOVING);
    report = { scenario: 'sweep', seed: options.seed, faults: options.kills, wrong: shop.wrong, figures };
  } finally {
    await shop.close(report);
  }
  return report;
}

const publish = (shop: Shop, program: string, clock: string): Promise<unknown> =>
  shop.call('PUT', `/v1/programs/${program}`, program, {
    ...documentOf('points-per-dollar-12-months'),
    clock: { test: clock },
  });

const sweep = (shop: Shop, program: string): Promise<{ entries: number; expired: Record<string, string> }> =>
  shop.call('POST', `/v1/programs/${program}/sweep`, program);

/** After the sweep, and after one more. */
async function compareEnd(shop: Shop, program: string): Promise<void> {
  shop.equal('expired in all', await expired(shop, program), EXPIRED);
  await compareLeft(shop, program, 'after the sweep');
  shop.equal('entries of a sweep that is run again', (await sweep(shop, program)).entries, 0);
  shop.equal('expired in all, after another sweep', await expired(shop, program), EXPIRED);
}

/** Each month's orders are imported when the month is over. */
async function importByMonth(shop: Shop): Promise<void> {
  const [header, ...rows] = readFileSync(findFile(), 'utf8').trimEnd().split('\r\n');
  const months = Map.groupBy(rows, row => row.trim().split(/ +/)[1]?.slice(0, 6) ?? '');
  let created = 0;
  for (const month of [...months.keys()].sort()) {
    const now = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(4)), 1)).toISOString();
    if (created === 0) await publish(shop, MOVING, now);
    else await shop.call('POST', `/v1/programs/${MOVING}/clock`, MOVING, { now });
    const file = join(shop.folder, `${month}.txt`);
    writeFileSync(file, [header, ...(months.get(month) ?? []), ''].join('\r\n'));
    created += (await shop.importAll(MOVING, file)).created;
  }
  shop.equal('orders month by month', created, ORDERS);
}

async function expired(shop: Shop, program: string): Promise<number> {
  const [row] = await shop.sql<{ points: string | null }>(
    `select -sum(e.available + e.pending) as points from ledger.entries e join ledger.wallets w on w.wallet_id = e.wallet_id
     where e.kind = 'expire' and w.program_id = (select id from program.programs where name = $1)`,
    [program],
  );
  return Number(row?.points ?? 0);
}

/**
 * Sweeps and kills the engine, every other time together with PostgreSQL, when so much has expired; the last time
 * PostgreSQL alone, and then the sweep goes on by itself.
 */
async function killHalfway(shop: Shop, kill: number, kills: number, goal: number): Promise<number> {
  let swept = false;
  const sweeping = sweep(shop, MOVING).then(
    () => {
      swept = true;
    },
    () => undefined,
  );
  while (!swept && (await expired(shop, MOVING)) < goal) await sleep(5);
  if (swept) shop.wrong.push(`sweep ${kill} was over before it could be killed`);
  const alone = kill === kills;
  if (kill % 2 === 0 || alone) killPostgres(shop.postgres);
  if (!alone) {
    await shop.engine.kill();
    await shop.engine.start();
  }
  await sweeping;
  return patiently(() => expired(shop, MOVING));
}

/** Asks the API for the balance of every member. */
async function compareLeft(shop: Shop, program: string, when: string): Promise<void> {
  let left = 0;
  let members = 0;
  let seen = 0;
  for (let cursor: string | null = ''; cursor !== null; ) {
    const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: { data: { external_id: string }[]; next: string | null } = await patiently(() =>
      shop.call('GET', `/v1/members?limit=1000${after}`, program),
    );
    for (let from = 0; from < page.data.length; from += 50) {
      const some = page.data.slice(from, from + 50);
      for (const points of await Promise.all(
        some.map(({ external_id }) => shop.balance(program, external_id)),
      )) {
        left += points;
        if (points > 0) members += 1;
      }
    }
    seen += page.data.length;
    cursor = page.next;
  }
  shop.equal(`members ${when}`, seen, MEMBERS);
  shop.equal(`points left ${when}`, left, LEFT);
  shop.equal(`members with points left ${when}`, members, MEMBERS_LEFT);
  shop.equal(`points of 07592 ${when}`, await shop.balance(program, '07592'), LEFT_OF_07592);
}
