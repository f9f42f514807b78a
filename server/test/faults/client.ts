import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, Http, type Request } from './http.ts';
import type { Bought, Decided, Journal, Moved, Operation } from './journal.ts';

/** One command with a business key of its own. Keys are unique over all operations, so that an event tells whose it is. */
export interface Command {
  key: string;
  operation: Operation;
  member: string;
  /** What the key stands for, in a bulk call as in a call of its own. */
  content: unknown;
  bought?: Bought;
}

/** One request: a single command, or the rows of a bulk call. */
export interface Call {
  commands: readonly Command[];
  request: Request;
  /** Refusals that the state of the ledger can explain; any other is a finding. */
  allowed: ReadonlySet<string>;
}

/** What a command was answered in the end. */
export type Verdict = { ok: true; known: boolean; body: Answered } | { ok: false; code: string };

/** The parts that all answers to writes share. */
export interface Answered {
  known: boolean;
  effects: { entry: string; type: string; points: string; available_at: string | null }[];
  balances: { unit: string; available: string; pending: string; held: string }[];
  [more: string]: unknown;
}

/** Where to send: an engine that is restarted, or one of several. */
export interface Target {
  /** Waits while nothing is up. */
  address(): Promise<string>;
  readonly key: string;
  readonly program: string;
}

/** 503s that the documentation of errors names: nothing is decided, the same request is to be sent again. */
const NOT_NOW = new Set(['database_unavailable', 'overloaded', 'stopping', 'not_ready']);
const PAUSES_MS = [20, 400] as const;
/** A call that is answered wrongly this often is given up; the run has failed anyway. */
const MOST_WRONG = 5;

export class Counts {
  /** Commands. */
  acknowledged = 0;
  refused = 0;
  /** Requests that got no answer or a "not now"; those of a command that was sent again and again count each time. */
  unanswered = 0;
  /** Commands that were unknown at least once, by what the retry told in the end. */
  resolvedDone = 0;
  resolvedNotDone = 0;
  resolvedRefused = 0;
  /** Why requests were unanswered. */
  readonly reasons = new Map<string, number>();
  /** When the newest of the requests was sent that have been acknowledged. */
  acknowledgedSentAt = 0;

  /** Outcomes that were unknown and were resolved by sending the same key again. */
  get resolved(): number {
    return this.resolvedDone + this.resolvedNotDone + this.resolvedRefused;
  }
}

/** Sends calls until they are decided and keeps the journal. */
export class Client {
  readonly counts = new Counts();
  /** Answers that no state of the ledger explains. */
  readonly wrong: string[] = [];
  readonly #target: Target;
  readonly #journal: Journal;
  readonly #http: Http;
  readonly #patienceMs: number;
  readonly #allAwake: (() => Promise<void>) | undefined;

  constructor(options: {
    target: Target;
    journal: Journal;
    timeoutMs: number;
    patienceMs: number;
    /** Where an engine can sleep over a request: resolves when it has done what it was sent. */
    allAwake?: (() => Promise<void>) | undefined;
  }) {
    this.#allAwake = options.allAwake;
    this.#target = options.target;
    this.#journal = options.journal;
    this.#http = new Http(options.timeoutMs);
    this.#patienceMs = options.patienceMs;
  }

  /** Sends a call, the same one again while its outcome is unknown. Throws when it stays unknown for too long. */
  async carryOut(call: Call): Promise<Verdict[]> {
    const sent = call.commands.map(({ content }) => hashOf(content));
    const deadline = Date.now() + this.#patienceMs;
    for (let attempt = 1, wrong = 0, inDoubt = false; ; attempt++) {
      const address = await this.#target.address();
      const at = Date.now();
      await this.#journal.add(
        call.commands.map(({ key, operation, member, bought }, row) => ({
          key,
          operation,
          member,
          sent: sent[row] as string,
          at,
          bought,
        })),
      );
      const [verdicts, reason] = await this.#attempt(address, call);
      // A refusal leaves nothing behind that an older request, in an engine that sleeps, would meet when it wakes up.
      const isEarly = this.#allAwake !== undefined && attempt > 1 && !inDoubt && isRefused(verdicts);
      if (verdicts !== undefined && !isEarly) {
        await this.#journal.add(
          verdicts.map((verdict, row) => decided(call.commands[row] as Command, verdict)),
        );
        this.#count(verdicts, attempt > 1);
        if (verdicts.some(verdict => verdict.ok))
          this.counts.acknowledgedSentAt = Math.max(this.counts.acknowledgedSentAt, at);
        return verdicts;
      }
      await this.#journal.add(
        call.commands.map(({ key }) => ({ key, at: Date.now(), outcome: 'unknown', reason })),
      );
      if (isEarly) {
        inDoubt = true;
        await this.#allAwake?.();
        continue;
      }
      this.counts.unanswered += 1;
      this.counts.reasons.set(reason, (this.counts.reasons.get(reason) ?? 0) + 1);
      if (reason.startsWith('wrong')) wrong += 1;
      if (wrong >= MOST_WRONG || Date.now() > deadline)
        throw new Error(`${call.commands[0]?.key} is still undecided after ${attempt} attempts: ${reason}`);
      await sleep(Math.min(PAUSES_MS[0] * 2 ** (attempt - 1), PAUSES_MS[1]));
    }
  }

  /** A request outside the journal; rejects when no answer came. */
  async ask(request: Request): Promise<Answer> {
    return this.#http.send(await this.#target.address(), this.#target.key, this.#named(request));
  }

  close(): void {
    this.#http.close();
  }

  async #attempt(address: string, call: Call): Promise<[Verdict[] | undefined, reason: string]> {
    let answer: Answer;
    try {
      answer = await this.#http.send(address, this.#target.key, this.#named(call.request));
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      return [undefined, name === 'TimeoutError' ? 'no answer in time' : (code ?? 'connection lost')];
    }
    const { status, body } = answer;
    const { code } = body as { code?: string };
    if (status === 503 && NOT_NOW.has(code ?? '')) return [undefined, `503 ${code}`];
    const refused = status >= 400 && status < 500 && call.commands.length === 1;
    if (status !== 200 && status !== 201 && !refused) {
      this.#wrong(call, status, body);
      return [undefined, `wrong: ${status} ${code}`];
    }
    const verdicts = refused
      ? [{ ok: false as const, code: code ?? String(status) }]
      : verdictsOf(call, body);
    if (verdicts.some(verdict => !verdict.ok && !call.allowed.has(verdict.code)))
      this.#wrong(call, status, body);
    return [verdicts, ''];
  }

  #named(request: Request): Request {
    return { ...request, headers: { 'fealty-program': this.#target.program, ...request.headers } };
  }

  #wrong(call: Call, status: number, body: unknown): void {
    const first = call.commands[0];
    this.wrong.push(`${first?.operation} ${first?.key}: ${status} ${JSON.stringify(body).slice(0, 300)}`);
  }

  #count(verdicts: readonly Verdict[], wasUnknown: boolean): void {
    for (const verdict of verdicts) {
      if (verdict.ok) this.counts.acknowledged += 1;
      else this.counts.refused += 1;
      if (!wasUnknown) continue;
      if (!verdict.ok) this.counts.resolvedRefused += 1;
      else if (verdict.known) this.counts.resolvedDone += 1;
      else this.counts.resolvedNotDone += 1;
    }
  }
}

const isRefused = (verdicts: readonly Verdict[] | undefined): boolean =>
  verdicts?.some(({ ok }) => !ok) === true;

function verdictsOf(call: Call, body: unknown): Verdict[] {
  const { results } = body as {
    results?: { status: string; answer?: Answered; problem?: { code: string } }[];
  };
  if (results === undefined) return [{ ok: true, known: (body as Answered).known, body: body as Answered }];
  if (results.length !== call.commands.length)
    throw new Error(`${call.commands.length} rows were answered with ${results.length}`);
  return results.map(({ answer, problem }) =>
    answer ? { ok: true, known: answer.known, body: answer } : { ok: false, code: problem?.code ?? 'none' },
  );
}

function decided({ key }: Command, verdict: Verdict): Decided {
  const at = Date.now();
  if (!verdict.ok) return { key, at, outcome: 'refused', code: verdict.code };
  const moved: Moved[] = verdict.body.effects.map(({ entry, type, points, available_at }) => [
    entry,
    type,
    points,
    available_at,
  ]);
  return { key, at, outcome: 'ok', known: verdict.known, answer: answerHash(verdict.body), moved };
}

/** The hash of an answer without the flag that tells a retry from the first one. */
export function answerHash({ known: _, ...rest }: Answered): string {
  return hashOf(rest);
}

/** A hash that does not depend on the order of properties. */
function hashOf(value: unknown): string {
  const sorted = (_: string, part: unknown): unknown =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return createHash('sha256').update(JSON.stringify(value, sorted)).digest('base64url').slice(0, 22);
}
