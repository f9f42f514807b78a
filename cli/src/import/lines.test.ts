import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { Failure } from '../failure.ts';
import { MAX_LINE_BYTES, type Piece, readLines } from './lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'fealty-lines-'));
test.after(() => rmSync(folder, { recursive: true }));

async function piecesOf(content: string | Buffer): Promise<Piece[]> {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return collect(readLines(path));
}

async function collect(pieces: AsyncIterable<Piece>): Promise<Piece[]> {
  const all: Piece[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

test('pieces end at line ends and add up to the file, characters of several bytes included', async () => {
  const line = (index: number) => `${index},😀é${'x'.repeat(index % 301)}\r\n`;
  const content = Array.from({ length: 20_000 }, (_, index) => line(index)).join('');
  const pieces = await piecesOf(content);
  assert.ok(pieces.length > 5);
  assert.equal(pieces.map(piece => piece.text).join(''), content);
  for (const { text, hasBadBytes, tooLong } of pieces) {
    assert.ok(text === '' || text.endsWith('\n'));
    assert.equal(hasBadBytes || tooLong, false);
  }
  assert.equal(pieces.at(-1)?.bytesRead, Buffer.byteLength(content));
});

test('a byte order mark is no part of the text, and the last line may have no end', async () => {
  const pieces = await piecesOf('\ufeffa,b\n1,2');
  assert.equal(pieces.map(piece => piece.text).join(''), 'a,b\n1,2');
  assert.equal(pieces.at(-1)?.last, true);
  assert.deepEqual(
    (await piecesOf('')).map(piece => piece.last),
    [true],
  );
});

test('bytes that are not UTF-8 are marked', async () => {
  const pieces = await piecesOf(Buffer.from([0x61, 0x0a, 0xe9, 0x0a]));
  assert.equal(
    pieces.some(piece => piece.hasBadBytes),
    true,
  );
});

test('a line that is too long is one piece of its own, and the lines around it are whole', async () => {
  const pieces = await piecesOf(`first\n${'x'.repeat(3 * MAX_LINE_BYTES)}\nlast\n`);
  assert.deepEqual(
    pieces.filter(piece => piece.text !== '').map(piece => (piece.tooLong ? 'too long' : piece.text)),
    ['first\n', 'too long', 'last\n'],
  );
});

test('UTF-16, a folder and a file that is not there are refused in words', async () => {
  await assert.rejects(piecesOf(Buffer.from('\ufeffa,b\n', 'utf16le')), /UTF-16/);
  await assert.rejects(
    collect(readLines(folder)),
    (error: unknown) => error instanceof Failure && /folder/.test(error.message),
  );
  await assert.rejects(collect(readLines(join(folder, 'none'))), /no such file/);
});
