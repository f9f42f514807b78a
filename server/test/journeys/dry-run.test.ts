import assert from 'node:assert/strict';
import test from 'node:test';
import { type Answer, type Json, NOON, order, POINTS_PER_DOLLAR, startEngine, testClock } from './engine.ts';
import { type GoodRequest, goodRequests } from './requests.ts';

const run = await startEngine();
const document = {
  ...POINTS_PER_DOLLAR,
  ...testClock(),
  units: { points: { worth: '0.01' }, nights: { redeemable: false } },
  transfers: { allowed: true },
  velocity: [{ id: 'burst', unit: 'points', more_than: '5000', within: 'PT5M', pause: 'PT1H' }],
  activities: { login: {} },
  streaks: [
    {
      id: 'daily',
      on: 'activity:login',
      every: 'day',
      rewards: [{ length: 1, earn: { unit: 'points', fixed: '1' } }],
    },
  ],
  badges: { regular: { name: 'Regular' }, helper: { name: 'Helper' } },
  challenges: [
    {
      id: 'often',
      on: 'order',
      every: 'month',
      goals: [{ target: '2', earn: { unit: 'points', fixed: '7' }, badge: 'regular' }],
      times: 50,
    },
    { id: 'back', on: 'activity:login', goals: [{ target: '1', earn: { unit: 'points', fixed: '2' } }] },
  ],
  referrals: { id: 'invite', referrer: { earn: { unit: 'points', fixed: '1' } } },
  tiers: {
    qualify_by: 'spend',
    window: 'lifetime',
    levels: [{ id: 'basic', from: '0' }, { id: 'gold' }],
  },
  households: { on_leave: 'give_back' },
  campaigns: [{ id: 'gift', if: 'order.total == 700', effect: { voucher: 'cinema' } }],
  rewards: [
    { id: 'cinema', cost: { unit: 'points', points: '5' }, gives: { voucher: 'films' } },
    { id: 'mug', cost: { unit: 'points', points: '5' }, gives: { product: 'MUG' }, stock: 3 },
  ],
  earning: [
    ...POINTS_PER_DOLLAR.earning,
    { id: 'night', on: 'order', earn: { unit: 'nights', fixed: '1' }, expires: { after: 'P1M' } },
  ],
};
await run.program('shop', document);
const shop = run.on('shop');

const tables = await run.base.sql<{ name: string }>(
  `select format('%I.%I', schemaname, tablename) as name from pg_tables
   where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
);
const CONTENTS = tables
  .map(
    ({ name }) =>
      `select '${name}' as name, count(*) as rows, sum(hashtextextended(t::text, 0)) as digest from ${name} t`,
  )
  .join(' union all ')
  .concat(' order by name');

/** Counts and digests of all rows of all tables, as the owner sees them. */
const contents = (): Promise<Json[]> => run.base.sql(CONTENTS);

const ID = /^(?:mem|act|ref|ord|ret|red|cas|rch|trf|hch|oev|adj|ent|key|tgr|vch|bdg)_[0-9a-z]+$/;
const VOUCHER_CODE = 'DRY-1';
const WALL_TIMES = new Set(['created_at', 'changed_at', 'at', 'revoked_at', 'instance', 'secret', 'id']);

/** An answer without its ids and wall times: what a dry run must have in common with the write. */
function withoutIds(value: Json): Json {
  // A dry run hands no code out.
  if (value === VOUCHER_CODE) return null;
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value === 'string') return ID.test(value) ? value.slice(0, 4) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, WALL_TIMES.has(name) ? '' : withoutIds(inner)]),
  );
}

async function send({ method, url, body, headers }: GoodRequest, dryRun: boolean): Promise<Answer> {
  const path = dryRun ? `${url}${url.includes('?') ? '&' : '?'}dry_run=true` : url;
  if (method === 'GET') return shop.get(path, headers);
  if (method === 'DELETE') return shop.delete(path, headers);
  if (method === 'PATCH') return shop.patch(path, body, headers);
  return method === 'PUT' ? shop.put(path, body, headers) : shop.post(path, body, headers);
}

/** Sends it as a dry run, which must change nothing, and then in earnest: both must say the same. */
async function rehearse(name: string, request: GoodRequest): Promise<Answer> {
  const before = await contents();
  const dry = await send(request, true);
  assert.deepEqual(await contents(), before, `${name} changed something`);
  const real = await send(request, false);
  assert.deepEqual(withoutIds(dry.body), withoutIds(real.body), name);
  assert.equal(dry.status, real.status === 201 ? 200 : real.status, name);
  return real;
}

const toFulfil = async () =>
  (
    await shop.post('/v1/redemptions', {
      external_id: 'to-fulfil',
      member: 'ext:ann',
      reward: 'mug',
      capture: true,
    })
  ).body.redemption.id;

const holding = async (key: string, capture = false) =>
  (
    await shop.post('/v1/redemptions', {
      external_id: key,
      member: 'ext:ann',
      points: '10',
      capture,
      hold_for: 'P1D',
    })
  ).body.redemption.id;

await shop.post('/v1/orders', order(1_000, { external_id: 'there' }));
await shop.post('/v1/orders', order(1, { external_id: 'not-cancelled' }));
await shop.post('/v1/members', { external_id: 'ben' });
await shop.post('/v1/households', { external_id: 'home' });
const [toCapture, toVoid, toRefund] = [
  await holding('to-capture'),
  await holding('to-void'),
  await holding('to-refund', true),
];
for (const [list, upload] of [
  ['to-finish', 'whole'],
  ['to-drop', 'dropped'],
])
  await shop.post(`/v1/lists/${list}/members`, { mode: 'replace', upload, members: ['ext:ann'] });
const toRevoke = await run.post('/v1/keys', { label: 'old', scopes: ['*'], sources: ['*'] });

// Drafts that somebody else wrote, at the steps that are rehearsed.
const author = run.as(await run.key({ scopes: ['program:draft'] }));
for (const draft of ['approvable', 'publishable', 'superfluous'])
  await author.put(`/v1/programs/shop/drafts/${draft}`, { ...document, rounding: 'ceiling' });
await run.post('/v1/programs/shop/drafts/publishable/approve', { revision: 1 });

const toEnd = await shop.post('/v1/members/ext:ann/tier-grants', {
  external_id: 'to-end',
  tier: 'basic',
  reason: 'a test',
});

const toWithdraw = await shop.post('/v1/members/ext:ann/badge-awards', {
  external_id: 'to-withdraw',
  badge: 'helper',
  reason: 'a test',
});

/** Opens a case of a member and gives its id. */
const caseOf = async (member: string) => {
  await shop.post('/v1/orders', order(6_000, { external_id: `fast-${member}`, member }));
  return (await shop.get(`/v1/cases?member=${member}`)).body.data[0].id;
};

await shop.post('/v1/voucher-pools/films/codes', { codes: [VOUCHER_CODE] });
await shop.post('/v1/orders', order(7, { external_id: 'gift' }));
await run.engine.giveVouchers();
const [voucher] = (await shop.get('/v1/members/ext:ann/vouchers')).body.data;

const requests: Record<string, GoodRequest> = {
  ...goodRequests({ program: 'shop', order: 'ext:there', key: toRevoke.body.id }),
  putProgram: { method: 'PUT', url: '/v1/programs/fresh', body: document },
  putDraft: { method: 'PUT', url: '/v1/programs/shop/drafts/next', body: document },
  createOrderEvent: goodRequests({ program: 'shop', order: 'ext:not-cancelled' })[
    'createOrderEvent'
  ] as GoodRequest,
  setProgramClock: {
    method: 'POST',
    url: '/v1/programs/shop/clock',
    body: { now: '2026-03-01T13:00:00.000Z' },
  },
  finishListUpload: goodRequests({ program: 'shop', list: 'to-finish' })['finishListUpload'] as GoodRequest,
  abandonListUpload: goodRequests({ program: 'shop', list: 'to-drop' })['abandonListUpload'] as GoodRequest,
  releaseCase: goodRequests({ program: 'shop', case: await caseOf('ext:quick') })[
    'releaseCase'
  ] as GoodRequest,
  confirmCase: goodRequests({ program: 'shop', case: await caseOf('ext:thief') })[
    'confirmCase'
  ] as GoodRequest,
  captureRedemption: goodRequests({ program: 'shop', redemption: toCapture })[
    'captureRedemption'
  ] as GoodRequest,
  voidRedemption: goodRequests({ program: 'shop', redemption: toVoid })['voidRedemption'] as GoodRequest,
  endTierGrant: goodRequests({ program: 'shop', tierGrant: toEnd.body.grant.id })[
    'endTierGrant'
  ] as GoodRequest,
  withdrawBadge: goodRequests({ program: 'shop', badgeAward: toWithdraw.body.award.id })[
    'withdrawBadge'
  ] as GoodRequest,
  revealGiftVoucher: goodRequests({ program: 'shop', voucher: voucher.id })[
    'revealGiftVoucher'
  ] as GoodRequest,
  retryGiftVoucher: goodRequests({ program: 'shop', voucher: voucher.id })['retryGiftVoucher'] as GoodRequest,
  fulfilRedemption: goodRequests({ program: 'shop', redemption: await toFulfil() })[
    'fulfilRedemption'
  ] as GoodRequest,
  refundRedemption: goodRequests({ program: 'shop', redemption: toRefund })[
    'refundRedemption'
  ] as GoodRequest,
};

/**
 * Writes whose every call is safe: a sweep does only what is due anyhow, verifications, plans and backtests change
 * nothing. A re-rating has a plan that says what it would do; codes mean the same under another secret.
 */
const NOT_REHEARSED = [
  'sweepProgram',
  'verifyLedger',
  'planProgram',
  'createBacktest',
  'createRerate',
  'applyRerate',
  'reverseRerate',
  'rotateCodes',
];

const operations = Object.values(run.engine.http.openApi().paths).flatMap(methods =>
  Object.entries(methods).map(([method, operation]) => ({
    name: operation.operationId,
    writes: method !== 'get' && !NOT_REHEARSED.includes(operation.operationId),
    rehearses: JSON.stringify(operation['parameters']).includes('"dry_run"'),
  })),
);

test('the digest of the database covers every table and sees a new row', async () => {
  const was = await contents();
  assert.ok(was.length > 40);
  await shop.post('/v1/members', { external_id: 'one-more' });
  const changed = (await contents()).filter((table, index) => table.rows !== was[index].rows);
  assert.deepEqual(
    changed.map(table => table.name),
    ['members.members'],
  );
});

test('every write can be rehearsed, and nothing else', () => {
  for (const { name, writes, rehearses } of operations) assert.equal(rehearses, writes, name);
});

for (const { name, writes } of operations) {
  if (!writes) continue;
  test(`a dry run of ${name} changes no row and says what the write then says`, async () => {
    const real = await rehearse(name, requests[name] as GoodRequest);
    assert.ok(real.status < 300, `${name}: ${JSON.stringify(real.body)}`);
  });
}

test('a dry run of what is known or refused answers as the write does', async () => {
  const known = order(30, { external_id: 'known', member: 'ext:known' });
  await shop.post('/v1/orders', known);
  const post = (url: string, body: Json): GoodRequest => ({ method: 'POST', url, body });
  const cases: [string, number, GoodRequest][] = [
    ['known', 200, post('/v1/orders', known)],
    ['enrolled', 200, post('/v1/members', { external_id: 'known' })],
    ['changed', 409, post('/v1/orders', { ...known, kind: 'other' })],
    ['amended', 201, post('/v1/orders', { ...known, revision: 2, lines: [{ id: '1', amount: '1000' }] })],
    ['too much', 422, post('/v1/redemptions', { external_id: 'r', member: 'ext:known', points: '31' })],
    ['nobody', 404, post('/v1/redemptions', { external_id: 'r', member: 'ext:nobody', points: '1' })],
    ['badly written', 400, post('/v1/orders', { ...known, extra: true })],
    ['no version', 422, { method: 'PUT', url: '/v1/programs/shop', body: { currency: 'EUR' } }],
    ['clock back', 409, post('/v1/programs/shop/clock', { now: NOON.replace('2026', '2025') })],
  ];
  for (const [name, status, request] of cases)
    assert.equal((await rehearse(name, request)).status, status, name);
});

test('a dry run sees a member who is not enrolled yet, in every unit', async () => {
  const { body } = await rehearse('a new member', {
    method: 'POST',
    url: '/v1/orders',
    body: order(12, { external_id: 'new', member: 'ext:new' }),
  });
  assert.deepEqual(
    body.balances.map((wallet: Json) => [wallet.unit, wallet.available]),
    [
      ['points', '12'],
      ['nights', '1'],
    ],
  );
});

test('rows of a rehearsed bulk call see the rows before them', async () => {
  const first = order(10, { external_id: 'row', member: 'ext:rows' });
  const { body } = await rehearse('a bulk call', {
    method: 'POST',
    url: '/v1/orders/bulk',
    body: {
      orders: [
        first,
        first,
        { ...first, kind: 'other' },
        { ...first, revision: 2, lines: [{ id: '1', amount: '5000' }] },
        order(7, { external_id: 'row-2', member: 'ext:rows' }),
        order(7, { external_id: 'row-3', member: 'ext:more-rows' }),
        { nonsense: true },
      ],
    },
  });
  assert.deepEqual(
    body.results.map((row: Json) => row.answer?.balances[0]?.available ?? row.problem?.code ?? row.status),
    // The second order of the member is the second of the challenge, which gives 7 more.
    ['10', '10', 'key_reused', '50', '64', '7', 'invalid_request'],
  );
});
