import { type Refusal, refuse } from '#platform/errors.ts';
import { parseWireId, wireId } from '#platform/ids.ts';

/** A household is a pool of several persons, which has all that a person has. */
export type MemberType = 'person' | 'household';

/** A person enrolled in one program, or a household. */
export interface Member {
  readonly id: bigint;
  readonly programId: number;
  /** The company's own id. */
  readonly externalId: string;
  readonly type: MemberType;
  readonly status: 'active';
  /** Epoch ms, by the program's clock. */
  readonly enrolledAt: number;
}

/** Tells a member by the company's id among those of all programs. */
export const externalKey = (programId: number, externalId: string): string => `${programId} ${externalId}`;

/** A member that was found, or enrolled by the very call. */
export interface Located {
  readonly id: bigint;
  readonly programId: number;
  readonly externalId: string;
  /** True when this call made the member. */
  readonly enrolled: boolean;
}

/** A member by the engine's id or by the company's. */
export type Reference = { id: bigint; externalId?: undefined } | { externalId: string; id?: undefined };

const EXTERNAL_ID = /^[^\p{Cc}\p{Cs}]{1,200}$/u;

/**
 * Reads `mem_…` or `ext:ID`; undefined for what is neither. An ID has 1 to 200 characters, no control
 * characters, and no half of a surrogate pair, which the database would turn into the same sign as any other.
 */
export function parseReference(text: string): Reference | undefined {
  if (text.startsWith('ext:')) {
    const externalId = text.slice(4);
    return EXTERNAL_ID.test(externalId) ? { externalId } : undefined;
  }
  const id = parseWireId('mem', text);
  return id === undefined ? undefined : { id };
}

/** `mem_…` */
export const memberId = (id: bigint): string => wireId('mem', id);

/**
 * The first id that a dry run shows for members who would be enrolled: above every real one (the sequence ends
 * before), and such that a wallet's number made of it (times 64) is still exact as a number.
 */
export const FIRST_PREVIEW_ID = 2n ** 46n;

export const INVALID: Refusal = refuse(
  'member_reference_invalid',
  'A member is named as mem_… or as ext: and your own id of 1 to 200 characters, without control characters.',
).refusal;

export const notFound = (reference: Reference): Refusal =>
  refuse(
    'member_not_found',
    reference.id === undefined
      ? `No member of this program has the external id ${reference.externalId}.`
      : `This program has no member ${memberId(reference.id)}.`,
  ).refusal;
