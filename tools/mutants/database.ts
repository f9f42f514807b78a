// Mistakes in how statements and arrays go to PostgreSQL, and in how the log is read from it.
const DB = 'src/platform/db';
const CLIENT = { file: `${DB}/client.ts`, tests: [`${DB}/client.test.ts`] };
const ROUND = { file: `${DB}/round.ts`, tests: [`${DB}/round.test.ts`] };
const BINARY = { file: `${DB}/binary.ts`, tests: [`${DB}/arrays.test.ts`] };
const LANES = ['src/modules/ledger/lanes.test.ts'];

export const DATABASE_MUTANTS = [
  {
    ...CLIENT,
    name: 'the rest of a transaction is committed without what could not be sent',
    find: 'if (this.unsent !== undefined) this.withhold(this.unsent);',
    replace: '',
  },
  {
    ...CLIENT,
    name: 'after one transaction that could not be sent none is committed',
    find: 'if (statement === BEGIN) this.unsent = undefined;',
    replace: '',
  },
  {
    name: 'a batch is committed although one who writes threw',
    file: 'src/modules/ledger/runner.ts',
    tests: LANES,
    find: 'connection.commit(writes);',
    replace: 'connection.commit();',
  },
  {
    ...ROUND,
    name: 'a round goes on after a failure',
    find: "      wire.execute({ portal: '' });\n    }\n    wire.sync();",
    replace: "      wire.execute({ portal: '' });\n      wire.sync();\n    }",
  },
  {
    ...ROUND,
    name: 'who waits behind a failure hears nothing',
    find: 'for (const each of asked.slice(current)) each.failed(error);',
    replace: 'asked[current]?.failed(error);',
  },
  {
    ...ROUND,
    name: 'a statement that was sent for parsing counts as parsed',
    tests: [`${DB}/client.test.ts`],
    find: 'this.parsing.push(name);',
    replace: 'this.parsing.push(name);\n        this.known.set(name, { parsed: true, parsers: undefined });',
  },
  {
    ...ROUND,
    name: 'what cannot be read is taken as no rows',
    tests: [`${DB}/client.test.ts`],
    find: 'if (unreadable === undefined) asked',
    replace: 'if (rows.length >= 0) asked',
  },
  {
    ...BINARY,
    name: 'a bigint is cut to 32 bits',
    find: 'view.setInt32(at, Math.floor(value / 2 ** 32));',
    replace: 'view.setInt32(at, value < 0 ? -1 : 0);',
  },
  {
    ...BINARY,
    name: 'instants lose their milliseconds',
    find: 'writeWhole(since * 1000);',
    replace: 'writeWhole(Math.floor(since / 1000) * 1_000_000);',
  },
  {
    ...BINARY,
    name: 'a text that is not ASCII is measured in characters',
    find: "return buffer.write(value, at, 'utf8');",
    replace: "buffer.write(value, at, 'utf8');\n  return length;",
  },
  {
    ...CLIENT,
    name: 'rows of arrays are numbered by what stands in them',
    find: 'row_number() over () as nr',
    replace: 'dense_rank() over (order by a) as nr',
  },
  {
    ...CLIENT,
    name: 'a commit can be followed by statements of its transaction',
    find: 'if (this.ending) throw',
    replace: 'if (this.ending && values === undefined) throw',
  },
  {
    name: 'the reader of events skips what commits late',
    file: 'src/platform/events/log.ts',
    tests: ['src/platform/events/log.test.ts'],
    find: '\n     and l.xid < pg_snapshot_xmin(pg_current_snapshot())',
    replace: '',
  },
];
