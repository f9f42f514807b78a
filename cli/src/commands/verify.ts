import { type Verification, verifyLedger } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { grouped, table } from '../output.ts';

export const verifyCommand: Command = command({
  name: 'verify',
  summary: 'Prove that entries, lots, wallets, totals, events and the chain agree',
  args: { program: { type: 'string', description: 'Only this program; by default everything' } },
  examples: [
    { command: './fealty verify', does: 'everything' },
    { command: './fealty verify --program shop --json', does: 'one program, for a program to read' },
  ],
  notes: ['Exit code 0: everything agrees; 1: something does not, and the differences are listed.'],
  async run(values, output) {
    const { client, ask } = openApi();
    const report = await ask(verifyLedger({ client, body: { program: values.program } }));
    output.result(report, () => reportText(report));
    return report.ok ? 0 : 1;
  },
});

function reportText({ ok, checks }: Verification): string {
  const rows = checks.map(check => [
    check.title,
    grouped(check.checked),
    check.ok ? 'ok' : `differences: ${grouped(check.differences.length)}`,
  ]);
  const differences = checks.flatMap(check => check.differences.map(each => `${check.title}: ${each}`));
  const verdict = ok ? 'Everything agrees.' : 'The ledger does NOT agree with itself.';
  return [table(['check', 'checked', 'result'], rows), ...differences, '', verdict].join('\n');
}
