import { abandonListUpload, getList, listLists } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { followEngine } from '../config.ts';
import { usageFailure } from '../failure.ts';
import { MODES, type Mode, type UploadReport, uploadList } from '../lists/upload.ts';
import { wholeNumber } from '../numbers.ts';
import { grouped, list, shortTime, table } from '../output.ts';

export const listsShowCommand: Command = command({
  name: 'lists show',
  summary: 'Show the lists of a program, or one of them',
  args: {
    list: { type: 'positional', description: 'The name of a list', required: false },
    program,
  },
  examples: [
    { command: './fealty lists show --program shop', does: 'every list with its members' },
    {
      command: './fealty lists show newsletter --program shop',
      does: 'one list, and its upload that is open',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    if (values.list !== undefined) {
      const shown = await ask(getList({ client, path: { list: values.list } }));
      const upload = shown.upload;
      output.result(shown, () =>
        list([
          ['List', shown.list],
          ['Members', grouped(shown.members)],
          ['Created', shortTime(shown.created_at)],
          ['Changed', shortTime(shown.changed_at)],
          ...(upload === null
            ? []
            : [['Open upload', `${upload.upload}, ${grouped(upload.staged)} sent`] as const]),
        ]),
      );
      return;
    }
    const { data } = await ask(listLists({ client, query: { limit: 1000 } }));
    const rows = data.map(each => [each.list, grouped(each.members), shortTime(each.changed_at)]);
    output.result(data, () =>
      data.length === 0 ? 'No lists yet.' : table(['list', 'members', 'changed'], rows),
    );
  },
});

export const listsUploadCommand: Command = command({
  name: 'lists upload',
  summary: 'Make a list what a file says, or add or remove its members',
  args: {
    list: { type: 'positional', description: 'The name of the list', required: true },
    file: { type: 'positional', description: 'The file: one id a line', required: true },
    program,
    mode: {
      type: 'string',
      valueHint: MODES.join('|'),
      default: 'replace',
      description: 'replace makes the list what the file says, at one instant',
    },
    unknown: {
      type: 'string',
      valueHint: 'FILE',
      description: 'For ids that no member of the program has; by default <file name>.unknown in this folder',
    },
    abandon: { type: 'boolean', description: 'Give up an upload of another file that was not finished' },
    patience: {
      type: 'string',
      valueHint: 'SECONDS',
      default: '300',
      description: 'How long to try again while no call gets through',
    },
  },
  examples: [
    {
      command: './fealty lists upload newsletter subscribers.txt --program shop',
      does: 'the list is what the file says',
    },
    {
      command: './fealty lists upload newsletter unsubscribed.txt --program shop --mode remove',
      does: 'some leave it',
    },
  ],
  notes: [
    'A line is your own id of a member, ext: and your own id, or mem_...; empty lines are passed over.',
    'Run the same command again after any interruption: it goes on, and what was done is not done twice.',
    'Exit code 0: every id is that of a member; 1: some are not, or it did not work; 2: typed wrongly.',
  ],
  async run(values, output) {
    const mode = values.mode as Mode;
    if (!MODES.includes(mode))
      throw usageFailure(`--mode is one of ${MODES.join(', ')}, not ${values.mode}.`);
    const engine = followEngine();
    const { client, ask } = openApi(values.program, engine());
    const path = { list: values.list };
    const open = await getList({ client, path });
    const upload = open.data?.upload ?? null;
    if (values.abandon && upload !== null && upload.takes_effect_at === null)
      await ask(abandonListUpload({ client, path: { ...path, upload: upload.upload } }));
    const report = await uploadList(
      {
        file: values.file,
        list: values.list,
        program: values.program,
        mode,
        unknownFile: values.unknown,
        patienceMs: wholeNumber('--patience', values.patience, 1, 86_400) * 1_000,
      },
      engine,
      values.abandon ? null : upload,
      output,
    );
    output.result(report, () => reportText(report));
    if (report.unknown_file !== null)
      output.note(
        `${grouped(report.unknown)} ids are in ${report.unknown_file}: no member of the program has them.`,
      );
    return report.unknown > 0 ? 1 : 0;
  },
});

const reportText = (report: UploadReport): string =>
  list([
    ['Ids read', grouped(report.rows)],
    ['Added', grouped(report.added)],
    ['Removed', grouped(report.removed)],
    ['Unknown', grouped(report.unknown)],
    ['Members now', grouped(report.members)],
  ]);
