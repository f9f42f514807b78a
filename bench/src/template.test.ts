import assert from 'node:assert/strict';
import test from 'node:test';
import { Template } from './template.ts';

const slots = { id: '\x01'.repeat(4), member: '\x02'.repeat(2) };

test('numbers go into their slots with zeros before them, and nothing else changes', () => {
  const template = new Template(`[{"id":"${slots.id}","m":"${slots.member}"},{"id":"${slots.id}"}]`, slots);
  template.write('id', 0, 17);
  template.write('id', 1, 9999);
  template.write('member', 0, 3);
  assert.equal(template.bytes.toString(), '[{"id":"0017","m":"03"},{"id":"9999"}]');
  template.write('id', 0, 0);
  assert.equal(template.bytes.toString(), '[{"id":"0000","m":"03"},{"id":"9999"}]');
});

test('a number that is too long for its slot, and a slot that is not there, are faults', () => {
  const template = new Template(slots.member, slots);
  assert.throws(() => template.write('member', 0, 100), /does not fit/);
  assert.throws(() => template.write('id', 0, 1), /no id 0/);
});

test('bytes are copied from an answer', () => {
  const template = new Template(`/${slots.id}/`, slots);
  template.copy('id', 0, Buffer.from('xxred_yy'), 2);
  assert.equal(template.bytes.toString(), '/red_/');
});
