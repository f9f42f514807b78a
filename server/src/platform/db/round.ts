import type { Socket } from 'node:net';
import type pg from 'pg';

/** What a round needs of the driver's connection, which writes the messages of the protocol. */
export interface Wire {
  stream: Socket;
  parse(statement: { name: string; text: string; types: readonly number[] }): void;
  bind(portal: { statement: string; values: readonly Sendable[] }): void;
  describe(portal: { type: 'P'; name: '' }): void;
  execute(portal: { portal: '' }): void;
  sync(): void;
}

/** A value as it goes over the wire: binary as a buffer, else as text. */
export type Sendable = string | Buffer | null;

type Parser = (text: string) => unknown;

/** A statement on its way, and who waits for its answer. */
export interface Asked {
  readonly statement: { readonly name: string; readonly text: string };
  readonly values: readonly Sendable[];
  answered(rows: unknown[][], tag: string): void;
  failed(error: Error): void;
}

/** What a connection knows of a statement that it has sent before: that it is parsed, and how to read its rows. */
export type Known = Map<string, { parsed: boolean; parsers: readonly Parser[] | undefined }>;

/**
 * Statements that go out in one write and end with one synchronisation, so that PostgreSQL answers all of them at once;
 * each with its own took a system call on both sides and woke the engine. After one that fails PostgreSQL leaves out the
 * rest: they fail with the same error. What a statement returns is described once for each connection.
 */
export class Round {
  private readonly asked: readonly Asked[];
  private readonly known: Known;
  private readonly types: pg.CustomTypesConfig;
  private readonly ended: () => void;
  /** Those whose parsing has not been confirmed, in order. */
  private readonly parsing: string[] = [];
  private rows: unknown[][] = [];
  /** Why the rows of the present statement cannot be read. Thrown in the driver it would end the process. */
  private unreadable: Error | undefined;
  private current = 0;

  constructor(asked: readonly Asked[], known: Known, types: pg.CustomTypesConfig, ended: () => void) {
    this.asked = asked;
    this.known = known;
    this.types = types;
    this.ended = ended;
  }

  submit(wire: Wire): void {
    wire.stream.cork();
    for (const { statement, values } of this.asked) {
      const { name, text } = statement;
      const known = this.known.get(name);
      if (known?.parsed !== true && !this.parsing.includes(name)) {
        wire.parse({ name, text, types: [] });
        this.parsing.push(name);
      }
      wire.bind({ statement: name, values });
      if (known?.parsers === undefined) wire.describe({ type: 'P', name: '' });
      wire.execute({ portal: '' });
    }
    wire.sync();
    wire.stream.uncork();
  }

  /** PostgreSQL has parsed the next of those that were new. */
  handleParsed(): void {
    const name = this.parsing.shift();
    if (name !== undefined) this.known.set(name, { parsed: true, parsers: undefined });
  }

  handleRowDescription({ fields }: { fields: readonly { dataTypeID: number }[] }): void {
    const parsers = fields.map(({ dataTypeID }) => this.types.getTypeParser(dataTypeID, 'text') as Parser);
    this.known.set(this.statementName, { parsed: true, parsers });
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    if (this.unreadable !== undefined) return;
    try {
      this.rows.push(this.read(fields));
    } catch (error) {
      this.unreadable = error instanceof Error ? error : new Error(String(error));
    }
  }

  private read(fields: readonly (string | null)[]): unknown[] {
    const { parsers } = this.known.get(this.statementName) as { parsers: readonly Parser[] };
    const row = new Array<unknown>(fields.length);
    for (let i = 0; i < fields.length; i += 1) {
      const text = fields[i] as string | null;
      row[i] = text === null ? null : (parsers[i] as Parser)(text);
    }
    return row;
  }

  handleCommandComplete({ text }: { text: string }): void {
    const known = this.known.get(this.statementName);
    // One without a description returns no rows.
    if (known?.parsers === undefined) this.known.set(this.statementName, { parsed: true, parsers: [] });
    const { rows, unreadable } = this;
    const asked = this.asked[this.current] as Asked;
    this.rows = [];
    this.unreadable = undefined;
    this.current += 1;
    if (unreadable === undefined) asked.answered(rows, text);
    else asked.failed(unreadable);
  }

  handleReadyForQuery(): void {
    this.ended();
  }

  /** The answer of the server, or the end of the connection. */
  handleError(error: Error): void {
    const { asked, current } = this;
    this.current = asked.length;
    for (const each of asked.slice(current)) each.failed(error);
    // The driver tells a round that failed nothing of what follows, so it ends here for those who wait to be sent.
    this.ended();
  }

  /** Not `name`, which the driver reads of a query that failed, also when all of it was answered. */
  private get statementName(): string {
    return (this.asked[this.current] as Asked).statement.name;
  }
}
