/**
 * Whether the business keys of a batch have to be looked up. Almost all keys are new, and that one is new is proved by its
 * insertion in any case. So after many new ones in a row they are only inserted: a batch that meets a taken key is rolled
 * back and decided again with what its keys stand for, and the next ones are looked up. However often something is sent
 * twice, at most one batch in `after` commands is decided twice.
 *
 * Measured with 64 connections, the two ways exchanged every 3 s in one process: 3,785 single orders a second with the look-up,
 * 4,202 without it (14 us less of the engine and 16 of PostgreSQL for each).
 */
export class NewKeys {
  private streak = 0;
  private readonly after: number;

  constructor(after: number) {
    this.after = after;
  }

  /** Whether the next keys are taken to be new. */
  get expected(): boolean {
    return this.streak >= this.after;
  }

  /** So many commands had new keys. */
  met(commands: number): void {
    this.streak += commands;
  }

  /** A key was taken, or may have been. */
  metTaken(): void {
    this.streak = 0;
  }
}
