import { type CodeRotation, getCodeRotation, rotateCodes } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { grouped, list } from '../output.ts';

/** Codes of one call: a few seconds. */
const CODES_A_CALL = 5_000;

export const vouchersRotateCommand: Command = command({
  name: 'vouchers rotate',
  summary: 'Encrypt voucher codes with the new secret of the engine',
  args: { check: { type: 'boolean', description: 'Only say how many are left' } },
  examples: [
    { command: './fealty vouchers rotate', does: 'until all are; interrupted, the next one goes on' },
    { command: './fealty vouchers rotate --check', does: 'changes nothing' },
  ],
  notes: [
    'First start all engines with FEALTY_SECRET, the new one, and FEALTY_SECRET_BEFORE, the old one.',
    'Codes are added and handed out meanwhile.',
  ],
  async run(values, output) {
    const { client, ask } = openApi();
    let now = await ask(getCodeRotation({ client }));
    while (!values.check && now.state !== 'none') {
      now = await ask(rotateCodes({ client, body: { most: CODES_A_CALL } }));
      const told = `${grouped(String(now.codes - now.left))} of ${grouped(String(now.codes))} codes`;
      if (output.isTerminal) output.redraw(told);
      else output.note(told);
    }
    output.result(now, () => rotationText(now));
  },
});

const rotationText = ({ state, key, before, codes, left }: CodeRotation): string =>
  list([
    ['Key', key],
    ['Key before', before ?? 'needed for no code any more'],
    ['Codes', grouped(String(codes))],
    ['Left', state === 'none' ? 'none: FEALTY_SECRET_BEFORE can go' : grouped(String(left))],
  ]);
