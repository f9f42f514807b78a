import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ResponseReader } from './responses.ts';

interface Response {
  status: number;
  body: string;
}

const text = ({ status, body }: Response): string =>
  `HTTP/1.1 ${status} Some Reason\r\nContent-Type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
  `keep-alive: timeout=72\r\n\r\n${body}`;

/** Reads the bytes cut at the given places, each chunk in a buffer that is overwritten afterwards. */
function readInChunks(bytes: Buffer, cuts: readonly number[]): Response[] {
  const found: Response[] = [];
  const reader = new ResponseReader((status, body) => found.push({ status, body: body.toString() }));
  const places = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    const chunk = Buffer.from(bytes.subarray(from, to));
    reader.read(chunk);
    chunk.fill(0x2a);
    from = to;
  }
  return found;
}

const response = fc.record(
  { status: fc.constantFrom(200, 201, 422, 503), body: fc.string({ unit: 'grapheme', maxLength: 200 }) },
  { noNullPrototype: true },
);

test('responses are read the same wherever the chunks end', () => {
  fc.assert(
    fc.property(
      fc.array(response, { maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      (responses, cuts) => {
        assert.deepEqual(readInChunks(Buffer.from(responses.map(text).join('')), cuts), responses);
      },
    ),
  );
});

test('responses are read byte by byte', () => {
  const responses = [
    { status: 201, body: '{"known":false}' },
    { status: 204, body: '' },
    { status: 200, body: 'a\r\n\r\nb' },
  ];
  const bytes = Buffer.from(responses.map(text).join(''));
  assert.deepEqual(readInChunks(bytes, [...bytes.keys()]), responses);
});

test('what is not a response with a length is refused, not guessed', () => {
  const read = (head: string) => () => new ResponseReader(() => undefined).read(Buffer.from(head));
  assert.throws(read('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n'), /cannot be read/);
  assert.throws(read('SSH-2.0-OpenSSH_9\r\ncontent-length: 2\r\n\r\nhi'), /cannot be read/);
  assert.throws(read(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`), /longer than 16 KiB/);
});
