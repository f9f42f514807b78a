import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeCursor } from '#platform/http/cursors.ts';
import { order, startEngine, testClock } from './engine.ts';
import { goodRequests } from './requests.ts';

const run = await startEngine();
await run.program('shop', testClock());
await run.on('shop').post('/v1/orders', order(100, { external_id: 'o' }));
const secret = await run.key({ scopes: ['*'] });

/** Cursors that nobody was given: numbers that no id can be, texts that the database cannot hold, other shapes. */
const PARTS = ['9223372036854775808', '9223372036854775807', '-1', '1e9', '99999999999', 'a\0b', '', 'x'];
const HOSTILE = [
  ...PARTS.flatMap(part => [
    encodeCursor(part),
    encodeCursor(part, part),
    encodeCursor('0', part),
    encodeCursor(part, part, part),
  ]),
  encodeCursor(),
  Buffer.from('{"0":"1"}').toString('base64url'),
  Buffer.from('[1]').toString('base64url'),
  'nonsense',
];

const good = goodRequests({ program: 'shop' });
const listed = Object.values(run.engine.http.openApi().paths)
  .flatMap(methods => Object.values(methods))
  .filter(operation => JSON.stringify(operation['parameters'] ?? []).includes('"cursor"'))
  .map(operation => operation.operationId);

test('there are lists with cursors', () => assert.ok(listed.length > 10));

for (const name of listed) {
  test(`${name} takes no harm from a cursor that it did not give`, async () => {
    const { method, url } = good[name] as { method: 'GET'; url: string };
    const address = new URL(url, 'http://x');
    for (const cursor of HOSTILE) {
      address.searchParams.set('cursor', cursor);
      const answer = await run.engine.http.inject({
        method,
        url: `${address.pathname}${address.search}`,
        headers: { authorization: `Bearer ${secret}`, 'fealty-program': 'shop' },
      });
      const told = Buffer.from(cursor, 'base64url').toString();
      assert.ok(answer.statusCode < 500, `${told}: ${answer.payload}`);
    }
  });
}
