import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { documentOf, findFile, MEMBERS, missing, ORDERS, Shop } from './cdnow.ts';
import { killPostgres } from './processes.ts';
import type { Options, Report } from './world.ts';

const POINTS = 2_453_159;
const KNOWN = { '07592': 13_860, '14048': 8_826, '07983': 6_870 } as const;

/** How long an import may take in all, with its restarts. */
const IMPORT_MS = 20 * 60_000;

const VICTIMS = ['cli', 'engine', 'database'] as const;

/** One import for each victim, which is killed again and again meanwhile. */
export async function killImports(options: Options): Promise<Report | string> {
  if (!existsSync(findFile())) return missing();
  const shop = new Shop('import', options);
  let report: Report | undefined;
  try {
    await shop.engine.start();
    const figures: Record<string, number | string> = {};
    for (const victim of VICTIMS) {
      const program = `cdnow-${victim}`;
      await shop.call('PUT', `/v1/programs/${program}`, program, documentOf('points-per-dollar'));
      const { halfway, starts } = await importUnderFire(shop, program, victim, options);
      figures[`kills of the ${victim} amid the import`] = halfway;
      figures[`starts of the command, ${victim}`] = starts;
      await compareImport(shop, program);
      options.say(
        `import: ${victim} killed ${options.kills} times, ${halfway} times amid the import; ${shop.wrong.length} things wrong`,
      );
    }
    report = {
      scenario: 'import',
      seed: options.seed,
      faults: options.kills * VICTIMS.length,
      wrong: shop.wrong,
      figures,
    };
  } finally {
    await shop.close(report);
  }
  return report;
}

async function importUnderFire(
  shop: Shop,
  program: string,
  victim: (typeof VICTIMS)[number],
  options: Options,
) {
  const deadline = Date.now() + IMPORT_MS;
  let command = shop.launchImport(program, true);
  let starts = 1;
  let halfway = 0;
  for (let kill = 1; kill <= options.kills; ) {
    await sleep(shop.random.between(400, 2_500));
    if (Date.now() > deadline) throw new Error(`the import took more than ${IMPORT_MS / 60_000} minutes`);
    const orders = await shop.orders(program);
    if (command.hasEnded) {
      // Killed too late: all was imported. The kills that are left hit an import that finds everything known.
      starts += 1;
      command = shop.launchImport(program, true);
      continue;
    }
    if (orders !== undefined && orders > 0 && orders < ORDERS) halfway += 1;
    kill += 1;
    if (victim === 'database') killPostgres(shop.postgres);
    else if (victim === 'engine') {
      await shop.engine.kill();
      await shop.engine.start();
    } else {
      await command.kill();
      starts += 1;
      command = shop.launchImport(program, true);
    }
  }
  const ended = await command.ended;
  if (ended !== 0) shop.wrong.push(`the import ended with ${ended} after the last kill, see ${program}.log`);
  return { halfway, starts };
}

/** Imported again everything is known, and the sums are those of an import that nobody disturbed. */
async function compareImport(shop: Shop, program: string): Promise<void> {
  const again = await shop.importAll(program);
  shop.equal('created by the import that follows', again.created, 0);
  shop.equal('known to the import that follows', again.known, ORDERS);
  shop.equal('rejected', again.rejected, 0);
  shop.equal('orders', await shop.orders(program), ORDERS);
  const [sums] = await shop.sql<{ members: number; points: string; entries: string }>(
    `select count(distinct w.wallet_id)::int as members, sum(e.available) as points, count(*) filter (where e.kind <> 'earn') as entries
     from ledger.wallets w join ledger.entries e on e.wallet_id = w.wallet_id
     where w.program_id = (select id from program.programs where name = $1)`,
    [program],
  );
  const [{ members } = { members: 0 }] = await shop.sql<{ members: number }>(
    'select count(*)::int as members from members.members where program_id = (select id from program.programs where name = $1)',
    [program],
  );
  shop.equal('members', members, MEMBERS);
  shop.equal('points', sums?.points, POINTS);
  shop.equal('entries that are not earned', sums?.entries, 0);
  for (const [member, points] of Object.entries(KNOWN))
    shop.equal(`points of ${member}`, await shop.balance(program, member), points);
  await shop.verify(program);
}
