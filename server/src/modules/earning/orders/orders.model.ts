/** One line of an order; `amount` is its total in minor units of the order's currency. */
export interface Line {
  readonly id: string;
  readonly sku: string | null;
  readonly category: string | null;
  readonly quantity: number;
  readonly amount: bigint;
}

/** A purchase or a travel booking as it was sent. */
export interface Order {
  readonly externalId: string;
  readonly source: string;
  readonly revision: number;
  readonly occurredAt: number;
  readonly currency: string;
  readonly kind: string | null;
  readonly channel: string | null;
  readonly partner: string | null;
  readonly lines: readonly Line[];
  readonly attributes: Readonly<Record<string, string | number | boolean>> | null;
}

/** The rule or campaign (`id@version`) whose condition could not be judged, and why. */
export interface Fault {
  readonly ref: string;
  readonly reason: string;
}
