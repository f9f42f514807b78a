import assert from 'node:assert/strict';
import test from 'node:test';
import { keptOutput } from '../test/outputs.ts';
import type { Command } from './command.ts';
import { fealty, run } from './fealty.ts';

/** Every command and group with the words that lead to it. */
function all(
  command: Command,
  words: readonly string[] = [],
): [words: readonly string[], command: Command][] {
  const below = Object.entries(command.commands ?? {});
  return [[words, command], ...below.flatMap(([word, each]) => all(each, [...words, word]))];
}

test('every command has help under its own name, with an example, and every group lists its commands', async () => {
  const commands = all(fealty);
  assert.ok(commands.length > 15);
  for (const [words, command] of commands) {
    const { output, out } = keptOutput();
    assert.equal(await run([...words, '--help'], output), 0);
    assert.equal(command.name, words.join(' '));
    assert.ok(out().includes(['fealty', ...words].join(' ')), words.join(' '));
    if (command.run) assert.match(out(), /Examples:\n {2}# .+\n {2}\S*/, words.join(' '));
    for (const word of Object.keys(command.commands ?? {})) assert.ok(out().includes(`\n  ${word} `), word);
  }
});
