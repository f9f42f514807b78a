/** A value of an attribute that the company keeps of a member. */
export type Attribute = string | number | boolean;

/** What is known of a member at some instant; null: not known. */
export interface Profile {
  /** ISO 3166-1, two letters. */
  readonly country: string | null;
  /** `1984-02-29` */
  readonly birthDate: string | null;
  /** IANA. */
  readonly timeZone: string | null;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export const EMPTY_PROFILE: Profile = { country: null, birthDate: null, timeZone: null, attributes: {} };
