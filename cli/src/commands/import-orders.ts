import { getProgram } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { followEngine } from '../config.ts';
import { COLUMNS } from '../import/columns.ts';
import { DATE_FORMAT_HELP } from '../import/dates.ts';
import { FORMATS, planImport } from '../import/plan.ts';
import { type ImportReport, importOrders } from '../import/run.ts';
import { duration, grouped, list, type Output, table } from '../output.ts';
import { stopOnSignals } from '../signals.ts';

export const importOrdersCommand: Command = command({
  name: 'import orders',
  summary: 'Import a file of orders',
  args: {
    file: { type: 'positional', description: 'The file of orders', required: true },
    program: { type: 'string', description: 'The program that the orders belong to', required: true },
    format: {
      type: 'string',
      valueHint: FORMATS.join('|'),
      description: 'By default from the ending of the file',
    },
    columns: {
      type: 'string',
      valueHint: 'NAME,NAME,...',
      description: `Columns by position, of ${COLUMNS.join(', ')}; - passes one over. By default the header names them`,
    },
    header: {
      type: 'boolean',
      description: 'The first line is a header; the default where there is no --columns',
    },
    delimiter: {
      type: 'string',
      valueHint: 'CHARACTER',
      description: 'Between the columns of csv, by default a comma',
    },
    'date-format': { type: 'string', valueHint: 'PATTERN', default: 'iso', description: DATE_FORMAT_HELP },
    'time-zone': {
      type: 'string',
      valueHint: 'ZONE',
      description: "Of times without an offset; by default the program's",
    },
    currency: {
      type: 'string',
      valueHint: 'CODE',
      description: "Of rows that name none; by default the program's",
    },
    amounts: {
      type: 'string',
      valueHint: 'decimal|minor',
      default: 'decimal',
      description: "11.77, or minor units such as 1177. An amount is its row's total",
    },
    source: {
      type: 'string',
      valueHint: 'NAME',
      description: "Where the orders come from; by default the file's name",
    },
    rejects: {
      type: 'string',
      valueHint: 'FILE',
      description: 'For rows that cannot be taken; by default <file name>.rejects.csv in this folder',
    },
    historical: {
      type: 'boolean',
      description: 'Old orders that are taken over: velocity checks neither count them nor hold points back',
    },
    batch: { type: 'string', valueHint: '1..1000', default: '1000', description: 'Orders in one call' },
    streams: { type: 'string', valueHint: '1..64', default: '4', description: 'Calls at the same time' },
    patience: {
      type: 'string',
      valueHint: 'SECONDS',
      default: '300',
      description: 'How long to try again while no call gets through',
    },
  },
  examples: [
    {
      command: './fealty import orders orders.csv --program shop',
      does: 'a csv whose header names the columns',
    },
    {
      command: `./fealty import orders CDNOW_master.txt --program cdnow --format whitespace --header \\
    --columns member,date,quantity,amount --date-format yyyyMMdd --time-zone UTC`,
      does: "columns by position, past a header whose names are the file's own",
    },
    {
      command: "./fealty import orders export.csv --program shop --delimiter ';' --date-format dd/MM/yyyy",
      does: 'semicolons and days first',
    },
    {
      command: './fealty import orders orders.ndjson --program shop --json',
      does: 'orders as the API takes them, one a line',
    },
  ],
  notes: [
    'Names in a header: order_id (external_id), member (customer, customer_id), date (occurred_at), quantity, amount, currency, sku, category, channel, kind, partner, line_id. Others are passed over.',
    'A member is your own id, kept as text with its zeros. Rows with the same order id that follow each other are the lines of one order; without order ids every row is an order, known as <file name>:<row>, row 1 being the first after the header.',
    'Run the same command again after any interruption: what is known is not taken twice.',
    'Rows that cannot be taken go to the rejects file with row number, reason and original text; the others go in.',
    'Exit code 0: every row is in; 1: rows were rejected, or it did not work; 2: typed wrongly; 130: interrupted.',
  ],
  async run(values, output) {
    const engine = followEngine();
    const { client, ask } = openApi(undefined, engine());
    const { document } = await ask(getProgram({ client, path: { program: values.program } }));
    const plan = planImport(values, document);
    if (values['time-zone'] === undefined && plan.format !== 'ndjson' && plan.timeZone !== 'UTC') {
      output.note(`Times without an offset are read in ${plan.timeZone}, the program's time zone.`);
    }
    const stopping = stopOnSignals(() =>
      output.note('Stopping when the calls on their way have their answers. Ctrl-C once more stops at once.'),
    );
    try {
      const report = await importOrders(plan, engine, output, stopping.signal);
      output.result(report, () => reportText(report));
      remarks(report, output);
      if (report.interrupted) return stopping.exitCode();
      return report.rejected > 0 ? 1 : 0;
    } finally {
      stopping.off();
    }
  },
});

function reportText(report: ImportReport): string {
  const figures = list([
    ['Rows read', grouped(report.rows)],
    ['Orders created', grouped(report.created)],
    ['Orders known already', grouped(report.known)],
    ['Rows rejected', grouped(report.rejected)],
    ['Time', report.seconds < 60 ? `${report.seconds.toFixed(1)} s` : duration(report.seconds)],
    ['Orders a second', grouped(report.orders_per_second)],
  ]);
  if (report.rejected === 0) return figures;
  const reasons = Object.entries(report.reasons).sort(([, a], [, b]) => b - a);
  const rows = reasons.map(([code, count]) => [code, grouped(count)]);
  return `${figures}\n\n${table(['reason', 'rows'], rows)}`;
}

function remarks(report: ImportReport, output: Output): void {
  if (report.rejects_file !== null) {
    output.note(
      `The rejected rows are in ${report.rejects_file}. Mend them in the file and import it again.`,
    );
  }
  if (report.interrupted) {
    output.note('Interrupted. Run the same command again: it goes on, and takes nothing twice.');
  }
}
