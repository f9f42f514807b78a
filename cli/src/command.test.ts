import assert from 'node:assert/strict';
import test from 'node:test';
import { keptOutput } from '../test/outputs.ts';
import { command, nearest } from './command.ts';
import { Failure } from './failure.ts';

const { output } = keptOutput();
const seen: unknown[] = [];
const greet = command({
  name: 'greet',
  summary: 'Greet somebody',
  args: {
    who: { type: 'positional', required: true, description: 'Whom' },
    times: { type: 'string', default: '1', description: 'How often' },
    loud: { type: 'boolean', alias: 'l', description: 'Loudly' },
  },
  examples: [{ command: './fealty greet Ada', does: 'once' }],
  async run({ who, times, loud }) {
    seen.push([who, times, loud]);
    return 7;
  },
});
const run = (...typed: string[]) => greet.run?.(typed, output) ?? Promise.reject(new Error('no run'));

test('positionals and options are read in any order, and the exit code is passed on', async () => {
  for (const typed of [
    ['Ada', '--times', '3', '--loud'],
    ['--times=3', '-l', 'Ada'],
  ]) {
    seen.length = 0;
    assert.equal(await run(...typed), 7);
    assert.deepEqual(seen, [['Ada', '3', true]]);
  }
});

test('every slip is refused with the usage exit code and what was meant', async () => {
  const cases: [typed: string[], named: RegExp][] = [
    [[], /needs who/],
    [['Ada', 'Bob'], /does not take Bob/],
    [['Ada', '--tims', '3'], /no option --tims. Did you mean --times/],
    [['Ada', '--verbose'], /no option --verbose/],
    [['Ada', '--times'], /--times needs a value/],
    [['Ada', '--times', '--loud'], /--times needs a value/],
    [['Ada', '--times='], /--times needs a value/],
  ];
  for (const [typed, named] of cases) {
    await assert.rejects(
      run(...typed),
      (error: unknown) => error instanceof Failure && error.exitCode === 2 && named.test(error.message),
      typed.join(' '),
    );
  }
});

test('help has usage, every option and the examples', () => {
  for (const part of [
    'fealty greet <who>',
    '--times TIMES',
    '(default: 1)',
    '-l, --loud',
    '--json',
    '# once',
  ]) {
    assert.ok(greet.help.includes(part), part);
  }
});

test('a word is taken for a slip of another only when it is near', () => {
  assert.equal(nearest('ordrs', ['orders', 'members']), 'orders');
  assert.equal(nearest('xyz', ['orders', 'members']), undefined);
});
