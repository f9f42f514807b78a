import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, Http, type Request } from '../faults/http.ts';
import { Engine } from '../faults/processes.ts';
import { testDatabase } from '../support/database.ts';
import { TEST_SECRET } from '../support/engine.ts';

export const CLIENTS = 64;

/** Two engine processes on one database, and 64 clients over HTTP, half of them at each. */
export class TwoEngines {
  private readonly engines: readonly [Engine, Engine];
  private readonly http = new Http(30_000);
  private readonly end: () => Promise<void>;

  private constructor(engines: readonly [Engine, Engine], end: () => Promise<void>) {
    this.engines = engines;
    this.end = end;
  }

  static async start(name: string): Promise<TwoEngines> {
    const database = await testDatabase();
    const folder = mkdtempSync(join(tmpdir(), `fealty-${name}-`));
    // Who shares a database shares the secret of its voucher codes.
    const env = {
      FEALTY_DATABASE_URL: database.ownerUrl,
      FEALTY_ROLES: 'api',
      FEALTY_SECRET: TEST_SECRET,
    };
    const engineIn = (place: string) => new Engine({ folder: join(folder, place), env });
    const engines = [engineIn('one'), engineIn('two')] as const;
    // One after the other: the first makes the key that is shown once.
    for (const engine of engines) await engine.start();
    return new TwoEngines(engines, async () => {
      await database.close();
      rmSync(folder, { recursive: true });
    });
  }

  async stop(): Promise<void> {
    this.http.close();
    for (const engine of this.engines) await engine.stop();
    await this.end();
  }

  async send(client: number, program: string, request: Request): Promise<Answer> {
    const engine = this.engines[client % 2] as Engine;
    return this.http.send(await engine.address(), this.engines[0].key, {
      ...request,
      headers: { 'fealty-program': program, ...request.headers },
    });
  }

  /** Sends what has to be accepted. */
  async must<T>(program: string, request: Request): Promise<T> {
    const { status, body } = await this.send(0, program, request);
    assert.ok(status !== undefined && status <= 201, JSON.stringify(body));
    return body as T;
  }

  /** `kill -9` of the one that serves this client, and a new start. */
  async killAndStart(client: number): Promise<void> {
    const engine = this.engines[client % 2] as Engine;
    await engine.kill();
    await engine.start();
  }

  /** Carries out `count` pieces of work by 64 clients, each of which does one after the other. */
  async race<T>(count: number, work: (nr: number, client: number) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    let next = 0;
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => {
        for (let nr = next++; nr < count; nr = next++) results.push(await work(nr, client));
      }),
    );
    return results;
  }
}
