import { confirm, isCancel } from '@clack/prompts';
import { createKey, listKeys, revokeKey } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { usageFailure } from '../failure.ts';
import { list, shortTime, table } from '../output.ts';

export const keysListCommand: Command = command({
  name: 'keys list',
  summary: 'List the keys, without their secrets',
  args: {},
  examples: [{ command: './fealty keys list', does: 'who may do what' }],
  async run(_values, output) {
    const { client, ask } = openApi();
    const { data } = await ask(listKeys({ client, query: { limit: 1000 } }));
    const rows = data.map(key => [
      key.id,
      key.label,
      key.program ?? 'any',
      key.scopes.join(' '),
      key.sources.join(' '),
      key.revoked_at ? `revoked ${shortTime(key.revoked_at)}` : 'active',
    ]);
    output.result(data, () => table(['key', 'label', 'program', 'scopes', 'sources', 'state'], rows));
  },
});

export const keysCreateCommand: Command = command({
  name: 'keys create',
  summary: 'Create a key; its secret is shown this once',
  args: {
    label: { type: 'string', description: 'What the key is for', required: true },
    program: { type: 'string', description: 'Bind the key to one program' },
    scopes: {
      type: 'string',
      valueHint: 'SCOPE,SCOPE,...',
      description: 'What the key may do, such as orders:write; * is everything',
      required: true,
    },
    sources: {
      type: 'string',
      valueHint: 'NAME,NAME,...',
      default: '*',
      description: 'The sources that it may name; the first is the one it means where it names none',
    },
  },
  examples: [
    {
      command:
        './fealty keys create --label till --program shop --scopes orders:write,members:read --sources till',
      does: 'a key for the tills of a shop',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi();
    const { label, program, scopes, sources } = values;
    const body = { label, program, scopes: scopes.split(','), sources: sources.split(',') };
    const key = await ask(createKey({ client, body }));
    output.result(key, () =>
      list([
        ['Key', key.id],
        ['Label', key.label],
        ['Program', key.program ?? 'any'],
        ['Scopes', key.scopes.join(' ')],
        ['Sources', key.sources.join(' ')],
        ['Secret', key.secret ?? ''],
      ]),
    );
    output.note('Keep the secret now: only its hash is stored, and it is not shown again.');
  },
});

export const keysRevokeCommand: Command = command({
  name: 'keys revoke',
  summary: 'Revoke a key for good',
  args: {
    key: { type: 'positional', description: 'The id of the key, key_...', required: true },
    yes: { type: 'boolean', alias: 'y', description: 'Do not ask' },
  },
  examples: [{ command: './fealty keys revoke key_01j9zc3x5k8qv --yes', does: 'without being asked' }],
  notes: [
    'Whoever uses the key is refused from then on. A terminal is asked first; elsewhere --yes is needed.',
  ],
  async run(values, output) {
    if (!values.yes && !(await isMeant(values.key, output.canAsk))) {
      output.note('Nothing was revoked.');
      return 1;
    }
    const { client, ask } = openApi();
    const key = await ask(revokeKey({ client, path: { key: values.key } }));
    output.result(key, () => `${values.key} is revoked.`);
    return 0;
  },
});

async function isMeant(key: string, canAsk: boolean): Promise<boolean> {
  if (!canAsk) throw usageFailure(`Nobody can be asked here. Use --yes to revoke ${key} all the same.`);
  const answer = await confirm({ message: `Revoke ${key}? It cannot be undone.`, initialValue: false });
  return !isCancel(answer) && answer;
}
