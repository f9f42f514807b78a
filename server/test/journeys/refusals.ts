import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import type { Caller, Json, Running } from './engine.ts';

/** A request that is refused, and how: status, code, and the pointer to the mistake where the request is wrong itself. */
export interface Refused {
  what: string;
  url: string;
  body?: Json;
  headers?: Record<string, string>;
  status: number;
  code: string;
  pointer?: string;
}

const PAGES = new URL('../../../docs/reference/errors/', import.meta.url);

/** A test for each: the answer is this one, the operation declares its code, and the code has a page. */
export function testRefusals(run: Running, api: Caller, path: string, rows: readonly Refused[]): void {
  const responses = run.engine.http.openApi().paths[path]?.['post']?.responses as Json;
  for (const { what, url, body, headers, status, code, pointer } of rows) {
    test(`a request that ${what} answers ${status} ${code}`, async () => {
      const answer = await api.post(url, body, headers);
      assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
      assert.ok(responses[status]['x-codes'].includes(code), `POST ${path} does not declare ${code}`);
      assert.equal(answer.body.type, `/errors/${code}`);
      assert.ok(existsSync(new URL(`${code}.md`, PAGES)), `${code} has no page`);
      if (pointer === undefined) return;
      assert.deepEqual(
        answer.body.errors.map((error: Json) => error.pointer),
        [pointer],
      );
    });
  }
}
