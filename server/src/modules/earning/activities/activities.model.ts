/** The attributes of an activity, by name. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Something that a member did besides buying, as it was sent. */
export interface Activity {
  readonly externalId: string;
  readonly source: string;
  /** One of the program's `activities`. */
  readonly type: string;
  readonly occurredAt: number;
  readonly attributes: Attributes | null;
}
