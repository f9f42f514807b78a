import { type Json, NOON, order, POINTS_PER_DOLLAR } from './engine.ts';

/** One good request. */
export interface GoodRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  body?: Json;
  headers?: Record<string, string>;
}

let keys = 0;
const key = () => `good-${++keys}`;

/** Where the requests go; ids that nothing has are fine where only the way there is tested. */
export interface Places {
  program: string;
  member?: string;
  order?: string;
  activity?: string;
  entry?: string;
  redemption?: string;
  tierGrant?: string;
  badgeAward?: string;
  voucher?: string;
  key?: string;
  case?: string;
  list?: string;
}

/** A well-formed request for every operation of the API, by its name. */
export function goodRequests(places: Places): Record<string, GoodRequest> {
  const { program } = places;
  const member = places.member ?? 'ext:ann';
  const bought = places.order ?? 'ord_0000000000000';
  const redemption = `/v1/redemptions/${places.redemption ?? 'red_0000000000000'}`;
  const flagged = places.case ?? 'cas_0000000000000';
  const entry = places.entry ?? 'ent_00000000000200000001';
  const back = () => ({ external_id: key(), occurred_at: NOON });
  const keyed = () => ({ 'idempotency-key': key() });
  const get = (url: string): GoodRequest => ({ method: 'GET', url });
  const post = (url: string, body?: Json, headers?: Record<string, string>): GoodRequest => ({
    method: 'POST',
    url,
    body,
    headers,
  });
  return {
    listPrograms: get('/v1/programs'),
    planProgram: post(`/v1/programs/${program}/plan`, POINTS_PER_DOLLAR),
    diffProgram: get(`/v1/programs/${program}/changes`),
    listBudgets: get(`/v1/programs/${program}/budgets`),
    getHoldout: get(`/v1/programs/${program}/holdout`),
    listDrafts: get(`/v1/programs/${program}/drafts`),
    getDraft: get(`/v1/programs/${program}/drafts/next`),
    putDraft: { method: 'PUT', url: `/v1/programs/${program}/drafts/next`, body: POINTS_PER_DOLLAR },
    approveDraft: post(`/v1/programs/${program}/drafts/approvable/approve`, { revision: 1 }),
    publishDraft: post(`/v1/programs/${program}/drafts/publishable/publish`),
    withdrawDraft: post(`/v1/programs/${program}/drafts/superfluous/withdraw`),
    getProgram: get(`/v1/programs/${program}`),
    putProgram: { method: 'PUT', url: `/v1/programs/${program}`, body: POINTS_PER_DOLLAR },
    setProgramClock: post(`/v1/programs/${program}/clock`, { now: NOON }),
    sweepProgram: post(`/v1/programs/${program}/sweep`),
    createMember: post('/v1/members', { external_id: key() }),
    listMembers: get('/v1/members'),
    getMember: get(`/v1/members/${member}`),
    putProfile: { method: 'PUT', url: `/v1/members/${member}/profile`, body: { country: 'NL' } },
    patchProfile: {
      method: 'PATCH',
      url: `/v1/members/${member}/profile`,
      body: { attributes: { size: key() } },
    },
    changeListMembers: post('/v1/lists/good/members', { mode: 'add', members: [member] }),
    finishListUpload: post(`/v1/lists/${places.list ?? 'good'}/uploads/whole/finish`),
    abandonListUpload: { method: 'DELETE', url: `/v1/lists/${places.list ?? 'good'}/uploads/dropped` },
    listLists: get('/v1/lists'),
    getList: get(`/v1/lists/${places.list ?? 'good'}`),
    listListMembers: get(`/v1/lists/${places.list ?? 'good'}/members`),
    getBalances: get(`/v1/members/${member}/balances`),
    getTier: get(`/v1/members/${member}/tier`),
    grantTier: post(`/v1/members/${member}/tier-grants`, {
      external_id: key(),
      tier: 'gold',
      reason: 'a test',
    }),
    endTierGrant: post(
      `/v1/members/${member}/tier-grants/${places.tierGrant ?? 'tgr_0000000000000'}/end`,
      { reason: 'a test' },
      keyed(),
    ),
    listTierGrants: get(`/v1/members/${member}/tier-grants`),
    awardBadge: post(`/v1/members/${member}/badge-awards`, {
      external_id: key(),
      badge: 'regular',
      reason: 'a test',
    }),
    withdrawBadge: post(
      `/v1/members/${member}/badge-awards/${places.badgeAward ?? 'bdg_0000000000000'}/withdraw`,
      { reason: 'a test' },
      keyed(),
    ),
    listBadgeAwards: get(`/v1/members/${member}/badge-awards`),
    listGiftVouchers: get(`/v1/members/${member}/vouchers`),
    revealGiftVoucher: post(`/v1/members/${member}/vouchers/${places.voucher ?? 'vch_0000000000000'}/reveal`),
    retryGiftVoucher: post(`/v1/members/${member}/vouchers/${places.voucher ?? 'vch_0000000000000'}/retry`),
    retryRefusedVouchers: post('/v1/refused-vouchers/retry', { reward: 'cinema' }),
    countTiers: get('/v1/tiers'),
    listLateOrders: get('/v1/late-orders'),
    createRerate: post('/v1/rerates', { from: '2026-01-01T00:00:00Z', to: NOON, note: 'a test' }),
    getRerate: get('/v1/rerates/rer_0000000000000'),
    listRerateOrders: get('/v1/rerates/rer_0000000000000/orders'),
    applyRerate: post('/v1/rerates/rer_0000000000000/apply'),
    reverseRerate: post('/v1/rerates/rer_0000000000000/reverse'),
    createBacktest: post('/v1/backtests', {}),
    getBacktest: get('/v1/backtests/bkt_0000000000000'),
    listEntries: get(`/v1/members/${member}/entries`),
    explainEntry: get(`/v1/entries/${entry}`),
    createAdjustment: post(`/v1/members/${member}/adjustments`, {
      external_id: key(),
      points: '5',
      reason: 'goodwill',
    }),
    createOrder: post('/v1/orders', order(10, { member })),
    createOrders: post('/v1/orders/bulk', { orders: [order(10, { member }), order(20, { member })] }),
    getOrder: get(`/v1/orders/${bought}`),
    createReturn: post(`/v1/orders/${bought}/returns`, back()),
    cancelOrder: post(`/v1/orders/${bought}/cancel`, back()),
    createOrderEvent: post(`/v1/orders/${bought}/events`, {
      external_id: key(),
      type: 'stay.completed',
      occurred_at: NOON,
    }),
    createActivity: post('/v1/activities', {
      external_id: key(),
      member,
      type: 'login',
      occurred_at: NOON,
    }),
    createActivities: post('/v1/activities/bulk', {
      activities: [{ external_id: key(), member, type: 'login', occurred_at: NOON }],
    }),
    getActivity: get(`/v1/activities/${places.activity ?? 'act_0000000000000'}`),
    getStreaks: get(`/v1/members/${member}/streaks`),
    getChallenges: get(`/v1/members/${member}/challenges`),
    getBadges: get(`/v1/members/${member}/badges`),
    createReferral: post('/v1/referrals', {
      external_id: key(),
      referrer: member,
      friend: 'ext:ben',
      occurred_at: NOON,
    }),
    getReferral: get('/v1/referrals/ref_0000000000000'),
    createRedemption: post('/v1/redemptions', { external_id: key(), member, points: '1' }),
    getRedemption: get(redemption),
    captureRedemption: post(`${redemption}/capture`, undefined, keyed()),
    voidRedemption: post(`${redemption}/void`, undefined, keyed()),
    refundRedemption: post(`${redemption}/refunds`, { external_id: key() }),
    fulfilRedemption: post(`${redemption}/fulfilment`, { state: 'fulfilled' }, keyed()),
    listRewards: get('/v1/rewards'),
    listMemberRewards: get(`/v1/members/${member}/rewards`),
    addVoucherCodes: post('/v1/voucher-pools/good/codes', { codes: [key(), key()] }),
    getCodeRotation: get('/v1/voucher-codes/rotation'),
    rotateCodes: post('/v1/voucher-codes/rotation', {}),
    getVoucherPool: get('/v1/voucher-pools/good'),
    createTransfer: post('/v1/transfers', { external_id: key(), from: member, to: 'ext:ben', points: '1' }),
    createHousehold: post('/v1/households', { external_id: key() }),
    getHousehold: get('/v1/households/ext:home'),
    joinHousehold: { method: 'PUT', url: '/v1/households/ext:home/members/ext:ben' },
    leaveHousehold: { method: 'DELETE', url: '/v1/households/ext:home/members/ext:ben' },
    getTransfer: get('/v1/transfers/trf_0000000000000'),
    listCases: get('/v1/cases'),
    getCase: get('/v1/cases/cas_0000000000000'),
    releaseCase: post(`/v1/cases/${flagged}/release`, { note: 'fine' }, keyed()),
    confirmCase: post(`/v1/cases/${flagged}/confirm`, { note: 'fraud' }, keyed()),
    listEvents: get('/v1/events'),
    verifyLedger: post('/v1/verify', {}),
    listKeys: get('/v1/keys'),
    createKey: post('/v1/keys', { label: 'a key', scopes: ['members:read'], sources: ['api'] }),
    revokeKey: { method: 'DELETE', url: `/v1/keys/${places.key ?? 'key_0000000000000'}` },
  };
}
