import type { Client } from './client.ts';
import { type Database, readDatabase, type Stored, type Sums } from './database.ts';
import { compareDecisions } from './decisions.ts';
import type { Heard } from './events.ts';
import { type Moved, type Operation, readJournal, type Story } from './journal.ts';

/** What was compared, and everything that did not agree, by kind. No list is bounded: a run with findings has failed. */
export interface Findings {
  commands: number;
  acknowledged: number;
  refused: number;
  entries: number;
  events: number;
  members: number;
  /** Acknowledged and not there. */
  missing: string[];
  /** More than one effect under one key. */
  doubled: string[];
  /** There without having been acknowledged, or although refused. */
  invented: string[];
  /** A retry that was answered otherwise than the first time. */
  changed: string[];
  /** Sums that do not agree, and what `verify` found. */
  drift: string[];
  /** Orders that were decided by another tier, another use of a limit, or to other points than follow. */
  decisions: string[];
  eventsMissing: string[];
  eventsInvented: string[];
}

/** The kinds of findings, in the order in which they are reported. */
export const KINDS = [
  'missing',
  'doubled',
  'invented',
  'changed',
  'drift',
  'decisions',
  'eventsMissing',
  'eventsInvented',
] as const;

export const countOf = (findings: Findings): number =>
  KINDS.reduce((sum, kind) => sum + findings[kind].length, 0);

/**
 * Judges the database, the API and the event log by the clients' journal. Everybody must rest: no call is under way
 * and nothing falls due. `heard` is all that a listener has read.
 */
export async function check(options: {
  journal: string;
  ownerUrl: string;
  program: string;
  client: Client;
  heard: Heard;
  /** Whether the program is `RICH`. */
  isRich: boolean;
}): Promise<Findings> {
  const stories = await readJournal(options.journal);
  const database = await readDatabase(options.ownerUrl, options.program);
  const findings: Findings = {
    commands: stories.size,
    acknowledged: 0,
    refused: 0,
    entries: database.entries.length,
    events: options.heard.events.length,
    members: database.wallets.length,
    missing: [],
    doubled: [],
    invented: [],
    changed: [],
    drift: [],
    decisions: [],
    eventsMissing: [],
    eventsInvented: [],
  };
  compareAnswers(stories, findings);
  compareRecords(stories, database, findings);
  compareEntries(stories, database.entries, findings);
  compareEvents(stories, database.entries, options.heard, findings);
  compareContents(stories, database, findings);
  findings.decisions.push(...compareDecisions(database.booked, options.isRich));
  await compareBalances(stories, database, options.client, findings);
  await askVerify(options.client, findings);
  return findings;
}

const accepted = (story: Story) => story.answers.find(answer => answer.outcome === 'ok');

/** I4, I5: one key has one answer, whatever number of times it was sent. */
function compareAnswers(stories: Map<string, Story>, findings: Findings): void {
  for (const story of stories.values()) {
    const first = accepted(story);
    if (first) findings.acknowledged += 1;
    else findings.refused += 1;
    if (story.answers.length === 0) findings.changed.push(`${story.key} was never decided`);
    if (story.inconsistent)
      findings.changed.push(`${story.key} was sent with two contents: the test is wrong`);
    if (!first) continue;
    if (story.answers.filter(answer => answer.outcome === 'ok' && !answer.known).length > 1)
      findings.doubled.push(`${story.key} was taken as new more than once`);
    for (const answer of story.answers) {
      if (answer.outcome === 'refused')
        findings.changed.push(`${story.key} was both accepted and refused (${answer.code})`);
      else if (answer.answer !== first.answer)
        findings.changed.push(`${story.key} was answered differently the second time`);
    }
  }
}

/** I3, I4, I5 by the modules' own records and by the business keys. */
function compareRecords(stories: Map<string, Story>, database: Database, findings: Findings): void {
  let keys = 0;
  for (const story of stories.values()) {
    const times = database.records.get(story.key) ?? 0;
    const isAccepted = accepted(story) !== undefined;
    if (isAccepted && story.operation !== 'amendment') keys += 1;
    if (isAccepted && times === 0)
      findings.missing.push(`${story.operation} ${story.key} was acknowledged and is not there`);
    if (times > 1) findings.doubled.push(`${story.operation} ${story.key} is there ${times} times`);
    if (!isAccepted && times > 0)
      findings.invented.push(`${story.operation} ${story.key} was not accepted and is there`);
  }
  for (const key of database.records.keys())
    if (!stories.has(key)) findings.invented.push(`nobody sent ${key}`);
  if (database.keys !== keys)
    findings.drift.push(`${keys} keys were accepted, the database knows ${database.keys}`);
}

/** I3, I4: the entries that were acknowledged are those that exist, to the point. */
function compareEntries(stories: Map<string, Story>, entries: readonly Stored[], findings: Findings): void {
  const stored = new Map(entries.map(entry => [entry.entry, entry]));
  const owners = new Map<string, string>();
  for (const story of stories.values()) {
    for (const moved of accepted(story)?.moved ?? []) {
      const [id] = moved;
      const owner = owners.get(id);
      if (owner !== undefined) findings.doubled.push(`entry ${id} was told to ${owner} and to ${story.key}`);
      owners.set(id, story.key);
      const entry = stored.get(id);
      const told = sumsOf(moved, story.operation);
      if (entry === undefined) findings.missing.push(`entry ${id} of ${story.key} is not there`);
      else if (!isSame(entry, told))
        findings.changed.push(`entry ${id} of ${story.key} is ${show(entry)}, told was ${show(told)}`);
    }
  }
  for (const { entry, command, kind } of entries) {
    // What fell due by itself was told to nobody.
    if (command !== 'settle' && !owners.has(entry))
      findings.invented.push(`entry ${entry} (${command}, ${kind}) was told to nobody`);
  }
}

/** I3: orders are stored as they were sent, and have earned what was told. */
function compareContents(stories: Map<string, Story>, { booked }: Database, findings: Findings): void {
  for (const { key, at, channel, lines, points } of booked.orders) {
    const story = stories.get(key);
    const moved = story && accepted(story)?.moved;
    if (story === undefined || moved === undefined) continue;
    const sent = JSON.stringify(story.bought);
    const stored = JSON.stringify({ at, channel, lines: lines.map(([id, amount]) => [id, String(amount)]) });
    if (sent !== stored) findings.changed.push(`${key} is stored as ${stored}, sent was ${sent}`);
    const told = moved.reduce((sum, [, kind, size]) => sum + (isEarned(kind) ? BigInt(size) : 0n), 0n);
    if (story.operation === 'order' && told !== points)
      findings.changed.push(`${key} has earned ${points} points, told was ${told}`);
  }
}

/** I6: events speak of each entry once, and of each accepted command once. */
function compareEvents(
  stories: Map<string, Story>,
  entries: readonly Stored[],
  heard: Heard,
  findings: Findings,
): void {
  const told = new Map<string, number>();
  for (const entry of heard.entries) told.set(entry, (told.get(entry) ?? 0) + 1);
  const stored = new Set(entries.map(({ entry }) => entry));
  for (const entry of stored)
    if (!told.has(entry)) findings.eventsMissing.push(`no event speaks of entry ${entry}`);
  for (const [entry, times] of told) {
    if (!stored.has(entry))
      findings.eventsInvented.push(`an event speaks of entry ${entry}, which does not exist`);
    else if (times > 1) findings.eventsInvented.push(`${times} events speak of entry ${entry}`);
  }
  if (new Set(heard.events).size !== heard.events.length)
    findings.eventsInvented.push('an event was read twice');
  for (const story of stories.values()) {
    const times = heard.commands.get(story.key) ?? 0;
    const wanted = accepted(story) === undefined ? 0 : 1;
    if (times < wanted) findings.eventsMissing.push(`no event tells of ${story.operation} ${story.key}`);
    if (times > wanted)
      findings.eventsInvented.push(`${times} events tell of ${story.operation} ${story.key}, not ${wanted}`);
  }
}

/** I1, I2: what members were told adds up to what the wallets hold and to what the API says. */
async function compareBalances(
  stories: Map<string, Story>,
  database: Database,
  client: Client,
  findings: Findings,
): Promise<void> {
  const sums = new Map<string, Sums>();
  const add = (member: string, { available, pending, held }: Sums) => {
    const sum = sums.get(member) ?? { available: 0n, pending: 0n, held: 0n };
    sums.set(member, {
      available: sum.available + available,
      pending: sum.pending + pending,
      held: sum.held + held,
    });
  };
  for (const story of stories.values())
    for (const moved of accepted(story)?.moved ?? []) add(story.member, sumsOf(moved, story.operation));
  for (const entry of database.entries) if (entry.command === 'settle') add(entry.member, entry);
  for (const wallet of database.wallets) {
    const told = sums.get(wallet.member) ?? { available: 0n, pending: 0n, held: 0n };
    sums.delete(wallet.member);
    if (!isSame(wallet, told))
      findings.drift.push(`member ${wallet.member} holds ${show(wallet)}, the answers sum to ${show(told)}`);
    const { status, body } = await client.ask({
      method: 'GET',
      path: `/v1/members/ext:${wallet.member}/balances`,
    });
    const [balance] = (body as { balances?: Record<keyof Sums, string>[] }).balances ?? [];
    if (status !== 200 || balance === undefined)
      findings.drift.push(`the balance of ${wallet.member} was answered with ${status}`);
    else if (
      !isSame(wallet, {
        available: BigInt(balance.available),
        pending: BigInt(balance.pending),
        held: BigInt(balance.held),
      })
    )
      findings.drift.push(
        `member ${wallet.member} holds ${show(wallet)}, the API says ${balance.available}/${balance.pending}/${balance.held}`,
      );
  }
  for (const [member, told] of sums)
    if (!isSame(told, { available: 0n, pending: 0n, held: 0n }))
      findings.drift.push(`member ${member} has no wallet for ${show(told)}`);
  findings.drift.push(...database.gaps);
}

/** I1, I2, I7, I9 in the engine's own words. */
async function askVerify(client: Client, findings: Findings): Promise<void> {
  const { status, body } = await client.ask({ method: 'POST', path: '/v1/verify', body: {} });
  const { ok, checks } = body as { ok?: boolean; checks?: { name: string; differences: string[] }[] };
  if (status !== 200 || checks === undefined) findings.drift.push(`verify was answered with ${status}`);
  else if (!ok)
    for (const { name, differences } of checks)
      findings.drift.push(...differences.map(each => `verify, ${name}: ${each}`));
}

const isEarned = (kind: string): boolean => kind === 'earn' || kind === 'bonus';

/** What one movement of an answer does to a wallet. */
function sumsOf([, kind, points, at]: Moved, operation: Operation): Sums {
  const size = BigInt(points);
  const none = { available: 0n, pending: 0n, held: 0n };
  if (kind === 'hold' || kind === 'release') return { ...none, available: size, held: -size };
  if (kind === 'redeem' && operation === 'capture') return { ...none, held: size };
  if (kind === 'cancel' || (isEarned(kind) && at !== null)) return { ...none, pending: size };
  if (kind === 'activate') return { ...none, available: size, pending: -size };
  return { ...none, available: size };
}

const isSame = (a: Sums, b: Sums): boolean =>
  a.available === b.available && a.pending === b.pending && a.held === b.held;
const show = ({ available, pending, held }: Sums): string => `${available}/${pending}/${held}`;
