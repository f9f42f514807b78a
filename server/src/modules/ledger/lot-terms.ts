/** The terms of the lot that a credit opens. */
export interface LotTerms {
  availableFrom: number | null;
  /** Pending until `open` is asked for, or `availableFrom` is reached, which can be null: never by itself. */
  waits?: boolean | undefined;
  /** Cancelled at `availableFrom` instead of activated. */
  cancels?: boolean | undefined;
  expiresAt: number | null;
  /** `P6M Europe/Paris`: expires so long after the member was last active, whatever `expiresAt` says. */
  inactiveAfter?: string | undefined;
}

/** When points become usable. */
export type OpeningTerms = Pick<LotTerms, 'availableFrom' | 'waits' | 'cancels'>;

/** When points expire: at a date, or so long after the member's last activity. */
export interface ClosingTerms {
  readonly expiresAt: number | null;
  readonly inactiveAfter: string | null;
}

/** A lot that was held back, and what it gets; `closing` null: it expires as it says itself. */
export interface Resumed {
  readonly seq: number;
  readonly terms: OpeningTerms;
  readonly closing?: ClosingTerms | null;
}

/** Whether points of these terms are pending at `now`. Those that wait for something and may be cancelled are so at first. */
export const waits = (
  { availableFrom, waits: waiting = false, cancels = false }: OpeningTerms,
  now: number,
): boolean => (availableFrom === null ? waiting : availableFrom > now || cancels);
