import { getProgram, listPrograms, type PutProgramData, putProgram, setProgramClock } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { dryRun } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { usageFailure } from '../failure.ts';
import { wholeNumber } from '../numbers.ts';
import { shortTime, table } from '../output.ts';
import { clockText, programText, readDocument } from './program-document.ts';

export const programListCommand: Command = command({
  name: 'program list',
  summary: 'List the programs',
  args: {},
  examples: [{ command: './fealty program list', does: 'names, versions and clocks' }],
  async run(_values, output) {
    const { client, ask } = openApi();
    const { data } = await ask(listPrograms({ client, query: { limit: 1000 } }));
    const rows = data.map(({ program, version, published_at, clock }) => [
      program,
      String(version),
      shortTime(published_at),
      clockText(clock),
    ]);
    output.result(data, () =>
      rows.length === 0
        ? 'There is no program yet.'
        : table(['program', 'version', 'published', 'clock'], rows),
    );
  },
});

export const programShowCommand: Command = command({
  name: 'program show',
  summary: 'Show a program: version, clock and document',
  args: {
    program: { type: 'positional', description: 'The name of the program', required: true },
    version: { type: 'string', valueHint: 'N', description: 'An earlier version; by default the latest' },
  },
  examples: [
    { command: './fealty program show shop', does: 'the latest version' },
    { command: './fealty program show shop --version 1 --json', does: 'the first, for a program to read' },
  ],
  async run(values, output) {
    const { client, ask } = openApi();
    const version =
      values.version === undefined ? undefined : wholeNumber('--version', values.version, 1, 2 ** 31 - 1);
    const program = await ask(getProgram({ client, path: { program: values.program }, query: { version } }));
    output.result(program, () => programText(program));
  },
});

export const programSetCommand: Command = command({
  name: 'program set',
  summary: 'Make a program, or publish its next version',
  args: {
    program: { type: 'positional', description: 'The name of the program', required: true },
    file: { type: 'string', valueHint: 'FILE', description: 'The program document, as JSON', required: true },
    'test-clock': {
      type: 'string',
      valueHint: 'INSTANT',
      description:
        "Give a new program a clock of its own that stands at this instant (the document's `clock`)",
    },
    'effective-from': {
      type: 'string',
      valueHint: 'INSTANT',
      description: "When the version takes effect, by the program's clock; by default at once",
    },
    'dry-run': dryRun,
  },
  examples: [
    {
      command: './fealty program set shop --file examples/programs/points-per-dollar.json',
      does: 'a point for each whole dollar',
    },
    {
      command: './fealty program set try --file my-program.json --test-clock 1998-07-01T00:00:00Z',
      does: 'a program to try out, whose time is set with `program clock`',
    },
  ],
  notes: [
    'Where the document names a program, the name on the command line counts.',
    'The same document again publishes nothing.',
  ],
  async run(values, output) {
    const document = { ...readDocument(values.file), program: values.program };
    const clock = values['test-clock'] === undefined ? {} : { clock: { test: values['test-clock'] } };
    const { client, ask } = openApi();
    const program = await ask(
      putProgram({
        client,
        path: { program: values.program },
        query: { effective_from: values['effective-from'], dry_run: values['dry-run'] },
        // The engine says what is wrong with a document, better than a type could.
        body: { ...document, ...clock } as PutProgramData['body'],
      }),
    );
    output.result(program, () => programText(program));
  },
});

export const programClockCommand: Command = command({
  name: 'program clock',
  summary: 'Let the time of a test program pass',
  args: {
    program: { type: 'positional', description: 'The name of the program', required: true },
    advance: {
      type: 'string',
      valueHint: 'DURATION',
      description: 'By how much, such as P1M (a month), P1D or PT6H',
    },
    to: { type: 'string', valueHint: 'INSTANT', description: 'Until when, such as 1998-07-01T00:00:00Z' },
    id: {
      type: 'string',
      valueHint: 'ID',
      description:
        'Your own id of the step: with it, --advance is carried out once, however often it is sent',
    },
  },
  examples: [
    { command: './fealty program clock try --advance P1M', does: 'a month later' },
    { command: './fealty program clock try --to 1999-01-01T00:00:00Z', does: 'until the new year' },
  ],
  notes: [
    'What falls due meanwhile is done in order, each at its instant: expiry, activation, the end of holds, reminders.',
    'Only a program that was made with a test clock has one, and it never goes back.',
  ],
  async run({ program: name, advance, to, id }, output) {
    if ((advance === undefined) === (to === undefined))
      throw usageFailure('Say how far the time goes: either --advance or --to.');
    const { client, ask } = openApi();
    const body = advance === undefined ? { to: to as string } : { advance };
    const program = await ask(
      setProgramClock({
        client,
        path: { program: name },
        body,
        headers: id === undefined ? {} : { 'idempotency-key': id },
      }),
    );
    output.result(program, () => programText(program));
  },
});
