import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Engine } from '../config.ts';
import { Failure } from '../failure.ts';

/** What the engine answered to one call: its status and parsed body. */
export interface Answer {
  status: number;
  body: unknown;
}

/** Posts bulk calls, patiently. */
export interface Caller {
  /**
   * Sends one body until the engine answers it with something other than "not now". Business keys make this safe:
   * a call whose outcome is unknown is sent again as it is. Throws a Failure when nothing at all got through for as
   * long as the patience, and GiveUp when `stop` was called while it waited.
   */
  post(body: Buffer): Promise<Answer>;
  /** Ends waiting between attempts; calls that are on their way still get their answer. */
  stop(): void;
  close(): void;
}

export interface CallerSettings {
  /** Asked before each attempt, because an engine that was restarted may have another address. */
  engine: () => Engine;
  path: string;
  headers: Readonly<Record<string, string>>;
  streams: number;
  patienceMs: number;
  /** Called when waiting begins and with undefined when it is over. */
  onTrouble: (reason: string | undefined) => void;
}

/** The import was stopped while a call waited for its next attempt; nothing is known to have gone wrong. */
export class GiveUp extends Error {}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** The engine bounds its queues and answers 503 long before; only one that hangs takes this long. */
const ANSWER_TIMEOUT_MS = 60_000;
const LONGEST_ANSWER_BYTES = 64 * 1024 * 1024;
const NOT_NOW = new Set([408, 425, 429, 500, 502, 503, 504]);

type Attempt = { answer: Answer; retryAfterMs?: number | undefined } | { lost: string };

export function createCaller(settings: CallerSettings): Caller {
  const agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: settings.streams }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: settings.streams }),
  };
  const stopping = new AbortController();
  let lastAnswerAt = Date.now();
  let inTrouble = 0;

  async function post(body: Buffer): Promise<Answer> {
    const startedAt = Date.now();
    let troubled = false;
    try {
      for (let attempt = 0; ; attempt++) {
        const result = await send(settings, agents, body);
        if ('answer' in result && !NOT_NOW.has(result.answer.status)) {
          lastAnswerAt = Date.now();
          return result.answer;
        }
        const reason = 'lost' in result ? result.lost : reasonOf(result.answer);
        const waited = Date.now() - Math.max(startedAt, lastAnswerAt);
        if (waited > settings.patienceMs) throw outOfPatience(settings, reason);
        if (stopping.signal.aborted) throw new GiveUp(reason);
        if (!troubled) inTrouble++;
        troubled = true;
        settings.onTrouble(reason);
        // Jitter keeps the streams from knocking all at once at an engine that is just coming back.
        const pause = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
        const asked = 'retryAfterMs' in result ? (result.retryAfterMs ?? 0) : 0;
        await sleep(Math.max(pause, Math.min(asked, 60_000)), stopping.signal);
      }
    } finally {
      if (troubled && --inTrouble === 0) settings.onTrouble(undefined);
    }
  }

  return {
    post,
    stop: () => stopping.abort(),
    close() {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}

function outOfPatience(settings: CallerSettings, reason: string): Failure {
  const seconds = Math.round(settings.patienceMs / 1000);
  return new Failure(
    `No call got through for ${seconds} seconds (${reason}). See that the engine runs, then run the same command again: it goes on where it ended.`,
  );
}

function reasonOf(answer: Answer): string {
  const body = answer.body as { detail?: unknown; code?: unknown } | undefined;
  const detail = typeof body?.detail === 'string' ? `: ${body.detail}` : '';
  return `the engine answered ${answer.status}${detail}`;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

/** One attempt. Never rejects: a connection that is refused or cut is an outcome like any other. */
function send(
  settings: CallerSettings,
  agents: { 'http:': HttpAgent; 'https:': HttpsAgent },
  body: Buffer,
): Promise<Attempt> {
  return new Promise(resolve => {
    const engine = settings.engine();
    const url = new URL(settings.path, engine.url);
    const options = {
      method: 'POST',
      timeout: ANSWER_TIMEOUT_MS,
      headers: {
        ...settings.headers,
        authorization: `Bearer ${engine.key}`,
        'content-type': 'application/json',
        'content-length': body.length,
      },
    };
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, agent: agents['https:'] })
        : httpRequest(url, { ...options, agent: agents['http:'] });
    const lost = (error: NodeJS.ErrnoException) => resolve({ lost: lostBecause(error, engine.url) });
    request.on('timeout', () => request.destroy(new Error('no answer for 60 seconds')));
    request.on('error', lost);
    request.on('response', response => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > LONGEST_ANSWER_BYTES) request.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', lost);
      response.on('end', () => {
        const answer = { status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks)) };
        // A success whose body is not JSON was cut or came from something in between: its outcome is not known.
        if (answer.status < 300 && answer.body === undefined) resolve({ lost: 'the answer was cut short' });
        else resolve({ answer, retryAfterMs: retryAfter(response.headers['retry-after']) });
      });
    });
    request.end(body);
  });
}

function lostBecause(error: NodeJS.ErrnoException, url: string): string {
  if (error.code === 'ECONNREFUSED') return `nothing answers at ${url}`;
  return `the connection to ${url} was lost: ${error.message}`;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Seconds or a date, in milliseconds from now. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
