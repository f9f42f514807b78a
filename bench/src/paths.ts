import type { Stream } from './job.ts';
import { type Measurement, measureJob, type Path, type Row, rowOf, type Turn } from './path.ts';
import { PROGRAM_PATHS } from './programs.ts';
import { bulkStream, jobOn, makeProgram, measure, type Rig, type Surroundings } from './rig.ts';

const CONNECTIONS = 64;
/** Members that no preloaded order belongs to. */
const HOT = 90_000_000;
const RACERS = 1_000;
const RACES = 3;

const everyone = (rig: Rig): Stream['members'] => ({ first: 0, count: rig.members, choice: 'random' });
const hotMember = (turn: Turn): Stream['members'] => ({
  first: HOT + turn.round,
  count: 1,
  choice: 'in_turn',
});

const singles = (name: string, asks: 'order' | 'balance', members: Stream['members']): Stream => ({
  name,
  asks,
  rows: 1,
  members,
  connections: CONNECTIONS,
});

/** The slowest stretch of `length` seconds, in rows a second. */
function slowest(perSecond: readonly number[], length: number): number {
  const sums = perSecond.slice(length - 1).map((_, end) => {
    return perSecond.slice(end, end + length).reduce((sum, rows) => sum + rows, 0);
  });
  return Math.min(...sums) / length;
}

async function sustained(rig: Rig, turn: Turn): Promise<Measurement> {
  const { warmup, seconds } = turn;
  const streams = [{ ...bulkStream(everyone(rig)), name: 'sustained' }];
  const job = jobOn(rig, { run: `sustained-${turn.round}`, warmup, seconds, streams });
  const { result, ...surroundings } = await measure(rig, job);
  const perSecond = result.streams[0]?.perSecond ?? [];
  const stretch = Math.min(30, perSecond.length);
  const first = slowest(perSecond.slice(0, stretch), stretch);
  const last = slowest(perSecond.slice(-stretch), stretch);
  const show = (rate: number) => Math.round(rate).toLocaleString('en-US');
  return {
    ...surroundings,
    rows: result.streams.map(stream => rowOf(stream, result.seconds)),
    notes: [
      `sustained for ${seconds} s: first ${stretch} s ${show(first)}/s, last ${stretch} s ${show(last)}/s, ` +
        `slowest ${stretch} s ${show(slowest(perSecond, stretch))}/s`,
    ],
  };
}

/** Holds and captures beside orders, both at a steady rate that does not wait for the engine. */
async function redemptions(rig: Rig, turn: Turn): Promise<Measurement> {
  const members = everyone(rig);
  const { warmup, seconds } = turn;
  const streams: Stream[] = [
    { name: 'redemptions', asks: 'redemption', rows: 1, members, connections: CONNECTIONS, perSecond: 500 },
    {
      name: 'redemptions: orders beside',
      asks: 'order',
      rows: 1,
      members,
      connections: CONNECTIONS,
      perSecond: 2_000,
    },
  ];
  const job = jobOn(rig, { run: `redemptions-${turn.round}`, warmup, seconds, streams });
  const { result, ...surroundings } = await measure(rig, job);
  const rows = result.streams.flatMap(stream => {
    const whole = rowOf(
      stream,
      result.seconds,
      stream.steps.length > 0 ? { counts: 'holds with capture' } : {},
    );
    const steps = stream.steps.map((latencies, step) => ({
      ...whole,
      name: `redemptions: ${step === 0 ? 'hold' : 'capture'}`,
      counts: 'requests',
      latencies,
      errors: {},
      late: 0,
      dropped: 0,
    }));
    return [whole, ...steps];
  });
  return { ...surroundings, rows, notes: [] };
}

/** A thousand redemptions of ten points at once where the balance affords some and leaves five. */
async function race(rig: Rig, turn: Turn): Promise<Measurement> {
  const rows: Row[] = [];
  const notes: string[] = [];
  let surroundings: Surroundings = { cpu: {}, batch: undefined };
  for (let heat = 0; heat < RACES; heat++) {
    const run = `race-${turn.round}-${heat}`;
    const affords = 100 + heat * 250;
    await rig.engine.call('POST', '/v1/orders', orderWorth(affords * 10 + 5, run), 'bench');
    const { key, port } = rig.engine;
    const job = {
      kind: 'race',
      port,
      key,
      program: 'bench',
      run,
      member: run,
      points: 10,
      requests: RACERS,
    } as const;
    const { result, ...around } = await measure(rig, job);
    surroundings = around;
    const { '201': succeeded = 0, '422 insufficient_balance': refused = 0, ...unexpected } = result.answers;
    const left = await availableOf(rig, run);
    const isExact = succeeded === affords && left === '5';
    const inexact = isExact ? {} : { [`${succeeded} of ${affords} succeeded, ${left} points left`]: 1 };
    const errors = { ...unexpected, ...inexact };
    notes.push(
      `${run}: ${succeeded} of ${RACERS} succeeded, ${affords} affordable, ${refused} refused, ${left} points left, ${result.seconds.toFixed(3)} s`,
    );
    rows.push({
      name: 'race',
      counts: 'redemptions',
      rate: RACERS / result.seconds,
      latencies: result.latencies,
      errors,
      late: 0,
      dropped: 0,
      seconds: result.seconds,
    });
  }
  return { ...surroundings, rows, notes };
}

const orderWorth = (points: number, member: string) => ({
  external_id: member,
  member: `ext:${member}`,
  occurred_at: new Date(Date.now() - 60_000).toISOString(),
  currency: 'USD',
  lines: [{ id: '1', quantity: 1, amount: String(points * 100) }],
});

async function availableOf(rig: Rig, member: string): Promise<string> {
  const path = `/v1/members/ext:${member}/balances`;
  const answer = await rig.engine.call<{ balances: { available: string }[] }>(
    'GET',
    path,
    undefined,
    'bench',
  );
  return answer.balances[0]?.available ?? 'no';
}

/** From an order's answer to its event, in a program of its own so that the reader starts at an empty log. */
async function events(rig: Rig, turn: Turn): Promise<Measurement> {
  const program = `events-${turn.round}`;
  await makeProgram(rig.engine, program);
  const orders: Stream = {
    name: 'events: orders beside',
    asks: 'order',
    rows: 1,
    members: { first: 0, count: 1_000, choice: 'random' },
    connections: CONNECTIONS,
    perSecond: 1_000,
  };
  const measured = await measureJob(rig, turn, 'events', [orders], { program, follow: true });
  const rows = measured.rows.map(row =>
    row.name === 'visible' ? { ...row, name: 'events', counts: 'events' } : row,
  );
  return { ...measured, rows: rows.toReversed() };
}

/** Every path, in the order of the documentation. */
export const PATHS: readonly Path[] = [
  {
    name: 'bulk',
    title: 'orders in bulk, 1,000 a call, 4 calls in flight, all members',
    floor: { rate: 12_000 },
    aim: { rate: 25_000 },
    measure: (rig, turn) => measureJob(rig, turn, 'bulk', [bulkStream(everyone(rig))]),
  },
  {
    name: 'single',
    title: 'single orders, 64 connections, all members',
    floor: { rate: 8_000, p99: 40 },
    aim: { rate: 15_000 },
    measure: (rig, turn) => measureJob(rig, turn, 'single', [singles('single', 'order', everyone(rig))]),
  },
  {
    name: 'comparator',
    title: 'the same single orders on a hand-written fastify + pg service, a transaction for each',
    measure(rig, turn) {
      if (rig.comparator === undefined) throw new Error('the comparator was not started');
      const stream = singles('comparator', 'order', everyone(rig));
      return measureJob(rig, turn, 'comparator', [stream], { port: rig.comparator });
    },
  },
  {
    name: 'balances',
    title: 'balance reads, 64 connections, all members',
    floor: { rate: 18_000, p99: 15 },
    aim: { rate: 28_000 },
    async measure(rig, turn) {
      const measured = await measureJob(rig, turn, 'balances', [
        singles('balances', 'balance', everyone(rig)),
      ]);
      return { ...measured, rows: measured.rows.map(row => ({ ...row, counts: 'reads' })) };
    },
  },
  {
    name: 'hot',
    title: 'single orders of one member, 64 connections',
    floor: { rate: 4_000 },
    aim: { rate: 10_000 },
    measure: (rig, turn) => measureJob(rig, turn, 'hot', [singles('hot', 'order', hotMember(turn))]),
  },
  {
    name: 'hot-bulk',
    title: 'orders of one member in bulk, 1,000 a call, 4 calls in flight',
    floor: { rate: 4_000 },
    aim: { rate: 10_000 },
    measure: (rig, turn) =>
      measureJob(rig, turn, 'hot-bulk', [{ ...bulkStream(hotMember(turn)), name: 'hot-bulk' }]),
  },
  {
    name: 'redemptions',
    title: '500 holds with capture a second beside 2,000 single orders a second, open loop',
    floor: { p99: 100 },
    aim: { p99: 40 },
    measure: redemptions,
  },
  {
    name: 'race',
    title: '1,000 redemptions of one member at the same moment',
    floor: { seconds: 2 },
    aim: { seconds: 0.5 },
    measure: race,
  },
  {
    name: 'events',
    title: 'from an order answered to its event read, 1,000 orders a second, open loop',
    floor: { p99: 1_000 },
    aim: { p99: 100 },
    measure: events,
  },
  ...PROGRAM_PATHS,
];

/** Runs once, after the rounds of all others. */
export const SUSTAINED: Path = {
  name: 'sustained',
  title: 'orders in bulk as above, without a pause',
  floor: { rate: 12_000 },
  aim: { rate: 25_000 },
  measure: sustained,
};
