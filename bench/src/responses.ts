const HEAD_END = Buffer.from('\r\n\r\n');
const LONGEST_HEAD = 16_384;
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const NOTHING = Buffer.alloc(0);

/** Receives a whole response; `body` lies in the chunk that was read and must be copied to be kept. */
export type OnResponse = (status: number, body: Buffer) => void;

/**
 * Reads HTTP/1.1 responses from chunks that may end anywhere. It understands what a benchmark needs: the status and
 * `content-length`. Throws for anything else, a response without a length included, because a figure that rests on a
 * misread answer is worth nothing.
 */
export class ResponseReader {
  readonly #onResponse: OnResponse;
  /** The beginning of a head whose end has not arrived yet. */
  #head: Buffer = NOTHING;
  #status = 0;
  #missing = 0;
  #parts: Buffer[] = [];

  constructor(onResponse: OnResponse) {
    this.#onResponse = onResponse;
  }

  /** Takes the next bytes; the chunk may be overwritten afterwards. */
  read(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#missing > 0 ? this.#readBody(rest) : this.#readHead(rest);
  }

  #readHead(chunk: Buffer): Buffer {
    const bytes = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      if (bytes.length > LONGEST_HEAD) throw new Error('the head of a response is longer than 16 KiB');
      this.#head = bytes === chunk ? Buffer.from(bytes) : bytes;
      return NOTHING;
    }
    this.#head = NOTHING;
    const head = bytes.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    const length = CONTENT_LENGTH.exec(head)?.[1];
    if (!head.startsWith('HTTP/1.1 ') || !(this.#status >= 100) || length === undefined)
      throw new Error(`this response cannot be read: ${head.slice(0, 200)}`);
    this.#missing = Number(length);
    if (this.#missing === 0) this.#onResponse(this.#status, NOTHING);
    return bytes.subarray(end + HEAD_END.length);
  }

  #readBody(chunk: Buffer): Buffer {
    const part = chunk.subarray(0, this.#missing);
    this.#missing -= part.length;
    if (this.#missing > 0) {
      this.#parts.push(Buffer.from(part));
    } else {
      const parts = this.#parts;
      this.#parts = [];
      this.#onResponse(this.#status, parts.length === 0 ? part : Buffer.concat([...parts, part]));
    }
    return chunk.subarray(part.length);
  }
}
