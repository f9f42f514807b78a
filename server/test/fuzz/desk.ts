import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from './world.ts';

/* What people decide at a desk: cases, grants of tiers, badges, backtests and re-ratings, at the step that a request needs. */

type Make = (operation: string, method: string, path: string, json?: unknown) => Promise<unknown>;

const DAY = 86_400_000;
const TEN_MINUTES = 600_000;

export async function refillDesk(
  world: World,
  make: Make,
  operation: string,
  work: () => Promise<void> = () => sleep(100),
): Promise<void> {
  const key = `desk-${world.serial}`;
  if (/^(get|release|confirm)Case$/.test(operation)) {
    if (operation === 'getCase' && world.own(world.cases, 0)) return;
    await make('createOrder', 'POST', '/v1/orders', {
      external_id: key,
      member: 'ext:first',
      occurred_at: new Date(world.clock - (world.serial + 1) * TEN_MINUTES).toISOString(),
      currency: 'USD',
      lines: [{ id: '1', amount: '9000' }],
    });
    world.cases.length = 0;
    await make('listCases', 'GET', '/v1/cases');
  }
  if (operation === 'getActivity' && !world.own(world.activities, 0))
    await make('createActivity', 'POST', '/v1/activities', {
      external_id: key,
      member: 'ext:first',
      type: 'login',
      occurred_at: new Date(world.clock).toISOString(),
    });
  if (operation === 'endTierGrant') {
    world.grants.length = 0;
    const grant = { external_id: key, tier: 'gold', reason: 'a test' };
    await make('grantTier', 'POST', '/v1/members/ext:first/tier-grants', grant);
  }
  if (operation === 'withdrawBadge') {
    world.awards.length = 0;
    const path = '/v1/members/ext:first/badge-awards';
    await make('listBadgeAwards', 'GET', path);
    if (!world.own(world.awards, 0)) {
      await make('awardBadge', 'POST', path, { external_id: key, badge: 'helper', reason: 'a test' });
      await make('listBadgeAwards', 'GET', path);
    }
  }
  if (/^(reveal|retry)GiftVoucher$/.test(operation) && !world.own(world.vouchers, 0))
    await refillVouchers(world, make, key, work);
  if (operation === 'getBacktest' && !world.own(world.backtests, 0))
    await make('createBacktest', 'POST', '/v1/backtests', {});
  if (/Rerate/.test(operation) && operation !== 'createRerate') await refillRerate(world, make, operation);
}

/** The campaign's voucher is handed out behind the order. */
async function refillVouchers(
  world: World,
  make: Make,
  key: string,
  work: () => Promise<void>,
): Promise<void> {
  await make('createOrder', 'POST', '/v1/orders', {
    external_id: key,
    member: 'ext:first',
    occurred_at: new Date(world.clock - (world.serial + 1) * TEN_MINUTES).toISOString(),
    currency: 'USD',
    lines: [{ id: '1', amount: '9000' }],
  });
  for (let tries = 0; tries < 100 && !world.own(world.vouchers, 0); tries += 1) {
    await work();
    await make('listGiftVouchers', 'GET', '/v1/members/ext:first/vouchers');
  }
}

async function refillRerate(world: World, make: Make, operation: string): Promise<void> {
  if (/^(get|list)/.test(operation) && world.own(world.rerates, 0)) return;
  world.rerates.length = 0;
  const to = new Date(world.clock).toISOString();
  const from = new Date(world.clock - DAY).toISOString();
  await make('createRerate', 'POST', '/v1/rerates', { from, to, note: 'a test' });
  const path = `/v1/rerates/${world.own(world.rerates, 0)?.id}`;
  await settled(make, path);
  if (operation !== 'reverseRerate') return;
  await make('applyRerate', 'POST', `${path}/apply`);
  await settled(make, path);
}

async function settled(make: Make, path: string): Promise<void> {
  for (;;) {
    const { state } = (await make('getRerate', 'GET', path)) as { state: string };
    if (!state.endsWith('ing')) return;
    await sleep(10);
  }
}
