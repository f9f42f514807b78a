import { diffProgram, getProgram, type PlanProgramData, planProgram } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { wholeNumber } from '../numbers.ts';
import { changesText, planText, readDocument } from './program-document.ts';

const MAX_VERSION = 2 ** 31 - 1;

export const programPlanCommand: Command = command({
  name: 'program plan',
  summary: 'Say what publishing a document would change, and what is wrong with it',
  args: {
    program: { type: 'positional', description: 'The name of the program', required: true },
    file: { type: 'string', valueHint: 'FILE', description: 'The program document, as JSON', required: true },
  },
  examples: [
    {
      command: './fealty program plan shop --file examples/programs/shop.json',
      does: 'against the latest version of shop',
    },
  ],
  notes: ['Nothing is written. Where the document names a program, the name on the command line counts.'],
  async run(values, output) {
    const body = { ...readDocument(values.file), program: values.program };
    const { client, ask } = openApi();
    const plan = await ask(
      planProgram({
        client,
        path: { program: values.program },
        body: body as PlanProgramData['body'],
      }),
    );
    output.result(plan, () => planText(plan));
  },
});

export const programDiffCommand: Command = command({
  name: 'program diff',
  summary: 'Compare two versions of a program',
  args: {
    program: { type: 'positional', description: 'The name of the program', required: true },
    from: {
      type: 'positional',
      description: 'The earlier version; by default the one before the later',
      required: false,
    },
    to: { type: 'positional', description: 'The later version; by default the latest', required: false },
  },
  examples: [
    { command: './fealty program diff shop', does: 'what the latest version changed' },
    { command: './fealty program diff shop 1 3 --json', does: 'from version 1 to version 3, for a program' },
  ],
  async run(values, output) {
    const version = (name: string, text: string | undefined, lowest: number) =>
      text === undefined ? undefined : wholeNumber(name, text, lowest, MAX_VERSION);
    const query = { from: version('<from>', values.from, 0), to: version('<to>', values.to, 1) };
    const { client, ask } = openApi();
    const found = await ask(diffProgram({ client, path: { program: values.program }, query }));
    const { program, from, to, changes } = found;
    output.result(found, () =>
      changes.length === 0
        ? `Versions ${from} and ${to} of ${program} are the same.`
        : `From version ${from} to version ${to} of ${program}:\n${changesText(changes)}`,
    );
  },
});

export const programExportCommand: Command = command({
  name: 'program export',
  summary: 'Print the document of a program, as its author wrote it',
  args: {
    program: { type: 'positional', description: 'The name of the program', required: true },
    version: { type: 'string', valueHint: 'N', description: 'An earlier version; by default the latest' },
  },
  examples: [
    { command: './fealty program export shop > shop.json', does: 'to edit it and publish it again' },
    { command: './fealty program export shop --version 1', does: 'the first version' },
  ],
  async run(values, output) {
    const version =
      values.version === undefined ? undefined : wholeNumber('--version', values.version, 1, MAX_VERSION);
    const { client, ask } = openApi();
    const { document } = await ask(
      getProgram({ client, path: { program: values.program }, query: { version } }),
    );
    output.text(JSON.stringify(document, null, 2));
  },
});
