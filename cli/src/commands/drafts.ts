import {
  approveDraft,
  type GetDraftResponse,
  getDraft,
  listDrafts,
  type PutDraftData,
  publishDraft,
  putDraft,
  withdrawDraft,
} from '@fealty/sdk';
import { openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { wholeNumber } from '../numbers.ts';
import { list, table } from '../output.ts';
import { changesText, readDocument } from './program-document.ts';

const MAX_VERSION = 2 ** 31 - 1;
const program = { type: 'positional', description: 'The name of the program', required: true } as const;
const draft = { type: 'positional', description: 'The name of the draft', required: true } as const;

export const draftSaveCommand: Command = command({
  name: 'program draft save',
  summary: 'Write a draft of the next version',
  args: {
    program,
    draft,
    file: { type: 'string', valueHint: 'FILE', description: 'The program document, as JSON', required: true },
    base: {
      type: 'string',
      valueHint: 'N',
      description:
        'The version that the document was made from; by default that of the draft, for a new one the latest',
    },
    'test-clock': {
      type: 'string',
      valueHint: 'INSTANT',
      description:
        "Give a program that does not exist yet a clock of its own that stands at this instant (the document's `clock`)",
    },
  },
  examples: [
    { command: './fealty program draft save shop summer --file shop.json', does: 'for somebody to review' },
  ],
  notes: [
    'A draft that is changed after its approval has to be approved again.',
    'The program need not exist: it is made when its first draft is published.',
  ],
  async run(values, output) {
    const clock = values['test-clock'] === undefined ? {} : { clock: { test: values['test-clock'] } };
    const document = { ...readDocument(values.file), program: values.program, ...clock };
    const base_version =
      values.base === undefined ? undefined : wholeNumber('--base', values.base, 0, MAX_VERSION);
    const { client, ask } = openApi();
    const saved = await ask(
      putDraft({
        client,
        path: { program: values.program, draft: values.draft },
        query: { base_version },
        body: document as PutDraftData['body'],
      }),
    );
    output.result(saved, () => draftText(saved));
  },
});

export const draftListCommand: Command = command({
  name: 'program draft list',
  summary: 'List the drafts of a program',
  args: { program },
  examples: [{ command: './fealty program draft list shop', does: 'names, states and who wrote them' }],
  async run(values, output) {
    const { client, ask } = openApi();
    const path = { program: values.program };
    const { data } = await ask(listDrafts({ client, path, query: { limit: 1000 } }));
    const rows = data.map(each => [
      each.draft,
      each.state,
      String(each.revision),
      String(each.base_version),
      each.author.label,
      each.review?.label ?? '',
    ]);
    output.result(data, () =>
      rows.length === 0
        ? `${values.program} has no drafts.`
        : table(['draft', 'state', 'revision', 'base', 'author', 'approved by'], rows),
    );
  },
});

export const draftShowCommand: Command = command({
  name: 'program draft show',
  summary: 'Show a draft and what it would change',
  args: { program, draft },
  examples: [{ command: './fealty program draft show shop summer', does: 'what there is to review' }],
  async run(values, output) {
    const { client, ask } = openApi();
    const found = await ask(getDraft({ client, path: { program: values.program, draft: values.draft } }));
    output.result(found, () => draftText(found));
  },
});

export const draftApproveCommand: Command = command({
  name: 'program draft approve',
  summary: 'Approve a draft that somebody else wrote',
  args: {
    program,
    draft,
    revision: {
      type: 'string',
      valueHint: 'N',
      description: 'The revision that you have read',
      required: true,
    },
    note: { type: 'string', valueHint: 'TEXT', description: 'What you want to say about it' },
  },
  examples: [
    {
      command: './fealty program draft approve shop summer --revision 1 --note "Agreed with finance."',
      does: 'with another key than that of the author',
    },
  ],
  async run(values, output) {
    const body = { revision: wholeNumber('--revision', values.revision, 1, MAX_VERSION), note: values.note };
    const { client, ask } = openApi();
    const path = { program: values.program, draft: values.draft };
    const approved = await ask(approveDraft({ client, path, body }));
    output.result(approved, () => draftText(approved));
  },
});

export const draftPublishCommand: Command = command({
  name: 'program draft publish',
  summary: 'Publish a draft that was approved',
  args: {
    program,
    draft,
    from: {
      type: 'string',
      valueHint: 'INSTANT',
      description: "When the version takes effect, by the program's clock; by default at once",
    },
  },
  examples: [{ command: './fealty program draft publish shop summer', does: 'as the next version' }],
  notes: ['Refused when another version was published since the draft was made; what it changed is shown.'],
  async run(values, output) {
    const { client, ask } = openApi();
    const path = { program: values.program, draft: values.draft };
    const published = await ask(publishDraft({ client, path, query: { effective_from: values.from } }));
    output.result(published, () => draftText(published));
  },
});

export const draftWithdrawCommand: Command = command({
  name: 'program draft withdraw',
  summary: 'Give a draft up',
  args: { program, draft },
  examples: [
    { command: './fealty program draft withdraw shop summer', does: 'it cannot be published any more' },
  ],
  async run(values, output) {
    const { client, ask } = openApi();
    const path = { program: values.program, draft: values.draft };
    const withdrawn = await ask(withdrawDraft({ client, path }));
    output.result(withdrawn, () => draftText(withdrawn));
  },
});

function draftText(shown: GetDraftResponse): string {
  const { review, base_version, latest_version, published_version, changes } = shown;
  const since =
    latest_version === base_version || published_version !== null
      ? ''
      : `, but the latest is ${latest_version}`;
  const facts = list([
    ['Draft', `${shown.draft} of ${shown.program}`],
    ['State', published_version === null ? shown.state : `published as version ${published_version}`],
    ['Revision', `${shown.revision}, by ${shown.author.label}`],
    ['Made from', base_version === 0 ? `nothing${since}` : `version ${base_version}${since}`],
    [
      'Approved',
      review === null ? 'by nobody' : `by ${review.label}${review.note ? `: ${review.note}` : ''}`,
    ],
  ]);
  return changes.length === 0 ? `${facts}\n\nNo changes.` : `${facts}\n\n${changesText(changes)}`;
}
