import { getOrder } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { described } from '../output.ts';

export const orderShowCommand: Command = command({
  name: 'order show',
  summary: 'Show an order with its lines and what came back of it',
  args: {
    order: {
      type: 'positional',
      description: "ext: and your own id, or the engine's ord_...",
      required: true,
    },
    program,
    source: {
      type: 'string',
      valueHint: 'NAME',
      description: 'Where the order came from, beside an ext: id',
    },
  },
  examples: [
    { command: './fealty order show ext:order-1042 --source shop --program shop', does: 'by your own id' },
    {
      command: './fealty order show ext:orders.csv:17 --source orders.csv --program shop',
      does: 'row 17 of an imported file without order ids',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const { order: id, source } = values;
    const order = await ask(getOrder({ client, path: { order: id }, query: { source } }));
    output.result(order, () => described(order));
  },
});
