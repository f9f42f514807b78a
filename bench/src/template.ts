const ZERO = 0x30;

/**
 * A request that is built once and of which only the slots change: runs of a control character each, which no request
 * holds otherwise. Slots keep their width, so nothing else (`content-length`) has to follow.
 */
export class Template<Slot extends string = string> {
  readonly bytes: Buffer;
  readonly #places = new Map<Slot, { readonly width: number; readonly at: readonly number[] }>();

  constructor(text: string, slots: Readonly<Record<Slot, string>>) {
    this.bytes = Buffer.from(text, 'latin1');
    for (const [slot, run] of Object.entries<string>(slots) as [Slot, string][]) {
      const at: number[] = [];
      for (let from = text.indexOf(run); from >= 0; from = text.indexOf(run, from + run.length))
        at.push(from);
      this.#places.set(slot, { width: run.length, at });
    }
  }

  /** Writes a whole number, padded with zeros, into the slot's occurrence `index`. Throws when it does not fit. */
  write(slot: Slot, index: number, value: number): void {
    const { width, at } = this.#place(slot, index);
    let rest = value;
    for (let position = at + width - 1; position >= at; position--) {
      const next = Math.floor(rest / 10);
      this.bytes[position] = ZERO + rest - next * 10;
      rest = next;
    }
    if (rest > 0) throw new Error(`${value} does not fit into the ${width} digits of ${slot}`);
  }

  /** Copies as many bytes as the slot is wide. */
  copy(slot: Slot, index: number, from: Buffer, start: number): void {
    const { width, at } = this.#place(slot, index);
    from.copy(this.bytes, at, start, start + width);
  }

  #place(slot: Slot, index: number): { width: number; at: number } {
    const places = this.#places.get(slot);
    const at = places?.at[index];
    if (places === undefined || at === undefined) throw new Error(`the request has no ${slot} ${index}`);
    return { width: places.width, at };
  }
}
