import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, createOrder, getMember } from './index.ts';

/** Stands in for the engine: keeps what was asked and gives one answer. */
function recorder(status: number, answer: object) {
  const asked: Request[] = [];
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    asked.push(new Request(input, init));
    return Response.json(answer, { status });
  };
  return { asked, fetch };
}

test('an operation goes to the address with the key and the program, and its body as JSON', async () => {
  const { asked, fetch } = recorder(201, { known: false });
  const client = connect({ url: 'http://engine.test:4100', key: 'fk_1', program: 'shop' }, fetch);
  const { data } = await createOrder({
    client,
    body: {
      external_id: 'o-1',
      member: 'ext:42',
      occurred_at: '2026-11-21T10:00:00Z',
      currency: 'USD',
      lines: [{ id: '1', amount: '1299' }],
    },
  });
  assert.equal(data?.known, false);
  const [request] = asked;
  assert.ok(request);
  assert.equal(request.url, 'http://engine.test:4100/v1/orders');
  assert.equal(request.method, 'POST');
  assert.equal(request.headers.get('authorization'), 'Bearer fk_1');
  assert.equal(request.headers.get('fealty-program'), 'shop');
  assert.equal(((await request.json()) as { external_id: string }).external_id, 'o-1');
});

test('an id of the company is encoded in the path, and a refusal comes back as a problem', async () => {
  const { asked, fetch } = recorder(404, { code: 'member_not_found', detail: 'no such member' });
  const client = connect({ url: 'http://engine.test', key: 'fk_1' }, fetch);
  const { data, error, response } = await getMember({ client, path: { member: 'ext:a/b?c' } });
  assert.equal(asked[0]?.url, 'http://engine.test/v1/members/ext%3Aa%2Fb%3Fc');
  assert.equal(asked[0]?.headers.has('fealty-program'), false);
  assert.equal(data, undefined);
  assert.equal(error?.code, 'member_not_found');
  assert.equal(response?.status, 404);
});
