import { explainEntry } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { described } from '../output.ts';

export const entryWhyCommand: Command = command({
  name: 'entry why',
  summary: 'Say why an entry is what it is: rule and version, inputs, rounding, lots',
  args: {
    entry: {
      type: 'positional',
      description: 'The id of the entry, as `member show` prints it',
      required: true,
    },
    program,
  },
  examples: [
    {
      command: './fealty entry why ent_000000000e5800000069 --program shop',
      does: 'where these points come from',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const entry = await ask(explainEntry({ client, path: { entry: values.entry } }));
    output.result(entry, () => described(entry));
  },
});
