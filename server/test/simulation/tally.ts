/** How often each kind of command had each outcome, over all simulations: `redeem: insufficient_balance`. */
export class Tally {
  readonly counts = new Map<string, number>();

  add(kind: string, outcome: string): void {
    const name = `${kind}: ${outcome}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  /** The sum over all names that match. */
  of(pattern: RegExp): number {
    return [...this.counts].reduce((sum, [name, count]) => sum + (pattern.test(name) ? count : 0), 0);
  }

  /** Commands: requests, rows of bulk calls, and what else was asked of the engine. */
  get commands(): number {
    return this.of(/^(?!dry run|moved)/);
  }
}
