import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ListChangeAnswer, ListUpload } from '@fealty/sdk';
import { refused } from '../api.ts';
import type { Engine } from '../config.ts';
import { Failure } from '../failure.ts';
import { createCaller } from '../import/calls.ts';
import { readLines } from '../import/lines.ts';
import type { Output } from '../output.ts';

export const MODES = ['replace', 'add', 'remove'] as const;
export type Mode = (typeof MODES)[number];

export interface UploadPlan {
  file: string;
  list: string;
  program: string | undefined;
  mode: Mode;
  /** For ids of nobody; undefined: named after the file. */
  unknownFile: string | undefined;
  patienceMs: number;
}

export interface UploadReport {
  list: string;
  mode: Mode;
  /** Ids in the file. */
  rows: number;
  added: number;
  removed: number;
  /** Ids that no member of the program has. */
  unknown: number;
  unknown_file: string | null;
  members: number;
}

/** The most that a call takes. */
const IDS_A_CALL = 10_000;
/** Your own id, without control characters; the engine says the same of a whole call. */
const ID = /^[^\p{Cc}\p{Cs}]{1,200}$/u;

/** A line as a reference to a member: an id of the engine, or one of the company's. */
const referenceOf = (line: string): string =>
  /^(ext:|mem_[0-9a-hjkmnp-tv-z]{13}$)/.test(line) ? line : `ext:${line}`;

/**
 * Sends the ids of a file to a list. `open` is the upload of the list that is open: one of the same file goes on, one of
 * another file is in the way. Throws a Failure where the file cannot be read or the engine refuses.
 */
export async function uploadList(
  plan: UploadPlan,
  engine: () => Engine,
  open: ListUpload | null,
  output: Output,
): Promise<UploadReport> {
  const upload = plan.mode === 'replace' ? await uploadName(plan, open) : undefined;
  const unknown = unknownIds(plan);
  const report: UploadReport = {
    list: plan.list,
    mode: plan.mode,
    rows: 0,
    added: 0,
    removed: 0,
    unknown: 0,
    unknown_file: null,
    members: 0,
  };
  const post = poster(plan, engine, output);
  try {
    if (open?.takes_effect_at == null || upload !== open.upload) {
      for await (const ids of idsOf(plan.file)) {
        const body = { mode: plan.mode, upload, members: ids.map(referenceOf) };
        const answer = await post<ListChangeAnswer>('members', body);
        report.rows += ids.length;
        report.unknown += answer.unknown;
        report.members = answer.members;
        if (plan.mode === 'add') report.added += answer.changed;
        if (plan.mode === 'remove') report.removed += answer.changed;
        await unknown.add(answer.unknown_rows.map(row => ids[row] as string));
        if (output.isTerminal) output.redraw(`${report.rows} ids sent`);
      }
      if (report.rows === 0) throw new Failure(`${plan.file} has no ids: one id a line is expected.`);
    }
    if (upload !== undefined) await finish(report, upload, post, output);
  } finally {
    if (output.isTerminal) output.redraw('');
    report.unknown_file = await unknown.end();
  }
  return report;
}

type Post = <T>(path: string, body?: object) => Promise<T>;

/** Finishes an upload call by call, until all of it is carried out. */
async function finish(report: UploadReport, upload: string, post: Post, output: Output): Promise<void> {
  for (;;) {
    const answer = await post<ListUpload>(`uploads/${upload}/finish`);
    report.added = answer.added;
    report.removed = answer.removed;
    report.members = answer.staged;
    if (answer.done) return;
    if (output.isTerminal) output.redraw(`${answer.added} added, ${answer.removed} removed`);
  }
}

/** Calls on the list that wait for an engine which is away. */
function poster(plan: UploadPlan, engine: () => Engine, output: Output): Post {
  return async <T>(path: string, body?: object) => {
    const caller = createCaller({
      engine,
      path: `/v1/lists/${encodeURIComponent(plan.list)}/${path}`,
      headers: plan.program === undefined ? {} : { 'fealty-program': plan.program },
      streams: 1,
      patienceMs: plan.patienceMs,
      onTrouble: reason => {
        if (reason !== undefined) output.note(`Waiting: ${reason}`);
      },
    });
    try {
      const answer = await caller.post(Buffer.from(body === undefined ? '' : JSON.stringify(body)));
      if (answer.status >= 300) throw refused(answer.status, answer.body);
      return answer.body as T;
    } finally {
      caller.close();
    }
  };
}

/** The name of the upload of a file: the one that is open for the same content, else a new one. */
async function uploadName(plan: UploadPlan, open: ListUpload | null): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(plan.file), hash);
  } catch (error) {
    throw new Failure(`${plan.file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
  const content = hash.digest('hex').slice(0, 16);
  if (open === null) return `${content}-${Date.now().toString(36)}`;
  if (open.upload.startsWith(`${content}-`)) return open.upload;
  if (open.takes_effect_at !== null)
    throw new Failure(
      `The upload ${open.upload} of another file is being carried out. Run that command again until it is done.`,
    );
  throw new Failure(
    `The upload ${open.upload} of another file was not finished. Run that command again, or add --abandon to give it up.`,
  );
}

/** The ids of a file, as many at a time as a call takes. */
async function* idsOf(file: string): AsyncGenerator<string[]> {
  let ids: string[] = [];
  let row = 0;
  for await (const piece of readLines(file)) {
    for (const line of piece.text.split('\n')) {
      const id = line.trim();
      row += 1;
      if (id === '') continue;
      if (piece.tooLong || !ID.test(id))
        throw new Failure(`${file} has no id near line ${row}: an id has 1 to 200 characters, one a line.`);
      ids.push(id);
      if (ids.length < IDS_A_CALL) continue;
      yield ids;
      ids = [];
    }
    // What follows the last line end of a piece is the beginning of no line.
    row -= 1;
  }
  if (ids.length > 0) yield ids;
}

/** Writes ids of nobody to a file, which is made with the first of them. */
function unknownIds({ file, unknownFile }: UploadPlan) {
  const path = unknownFile ?? `${basename(file)}.unknown`;
  let stream: WriteStream | undefined;
  return {
    async add(ids: readonly string[]): Promise<void> {
      if (ids.length === 0) return;
      stream ??= createWriteStream(path);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      stream.write(`${ids.join('\n')}\n`, error => (error ? reject(error) : resolve()));
      await promise;
    },
    async end(): Promise<string | null> {
      if (stream === undefined) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      stream.end(resolve);
      await promise;
      return path;
    },
  };
}
