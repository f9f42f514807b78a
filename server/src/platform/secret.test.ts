import assert from 'node:assert/strict';
import test from 'node:test';
import { newSecret, SECRET_TEXT, sealFor } from './secret.ts';

const secret = newSecret();
const seal = sealFor(secret, 'test');

test('what is sealed opens again with the same secret, purpose and context', () => {
  for (const text of ['', 'A', 'CINEMA-7F3K', 'é€😀', 'x'.repeat(10_000)]) {
    const sealed = seal.seal(text, 'here');
    assert.equal(sealFor(secret, 'test').open(sealed, 'here'), text);
    if (text.length > 3) assert.ok(!sealed.toString('latin1').includes(text));
  }
  assert.match(secret, SECRET_TEXT);
});

test('another secret, purpose or context, or a changed byte, opens nothing', () => {
  const sealed = seal.seal('CINEMA-7F3K', 'here');
  assert.equal(sealFor(newSecret(), 'test').open(sealed, 'here'), undefined);
  assert.equal(sealFor(secret, 'other').open(sealed, 'here'), undefined);
  assert.equal(seal.open(sealed, 'there'), undefined);
  assert.equal(seal.open(sealed.subarray(0, 20), 'here'), undefined);
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] as number) ^ 1;
    assert.equal(seal.open(changed, 'here'), undefined, `byte ${at}`);
  }
});

test('the same text is sealed differently each time and has one fingerprint in its context', () => {
  assert.notDeepEqual(seal.seal('A', 'here'), seal.seal('A', 'here'));
  assert.deepEqual(seal.fingerprint('A', 'here'), sealFor(secret, 'test').fingerprint('A', 'here'));
  for (const other of [
    seal.fingerprint('B', 'here'),
    seal.fingerprint('A', 'there'),
    sealFor(secret, 'other').fingerprint('A', 'here'),
    sealFor(newSecret(), 'test').fingerprint('A', 'here'),
  ])
    assert.notDeepEqual(other, seal.fingerprint('A', 'here'));
  assert.notEqual(seal.keyId, sealFor(newSecret(), 'test').keyId);
});

test('a text that is no secret makes no keys', () => {
  for (const wrong of ['', 'fs_short', `fk_${'A'.repeat(43)}`]) assert.throws(() => sealFor(wrong, 'test'));
});
