import { type Outcome, type Reason, refuse } from '#platform/errors.ts';
import type { Credentials } from '#platform/http/api.ts';
import { wireId } from '#platform/ids.ts';

/** What a key may do. */
export interface Grant {
  readonly label: string;
  /** The one program it is bound to; null: any. */
  readonly program: string | null;
  /** `things:verb`, or `*` for all. */
  readonly scopes: readonly string[];
  /** Names it may use as `source`, or `*` for any. */
  readonly sources: readonly string[];
}

/** A key as it is stored. Times are epoch milliseconds. */
export interface Key extends Grant {
  readonly id: bigint;
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

export const KEY_PREFIX = 'key';
/** The text of a key: 256 random bits. */
export const KEY_TEXT = /^fk_[A-Za-z0-9_-]{43}$/;
export const ALL = '*';

export const credentialsOf = (key: Key): Credentials => ({
  id: wireId(KEY_PREFIX, key.id),
  label: key.label,
  program: key.program,
  scopes: new Set(key.scopes),
  sources: key.sources,
});

/**
 * Whether a caller may give (or take) a grant: nobody hands out more than they have, so a key that leaks cannot make itself
 * a stronger one. Refuses with a reason for each thing that is missing.
 */
export function covers(caller: Credentials, grant: Grant): Outcome<undefined> {
  const reasons: Reason[] = [];
  if (caller.program !== null && caller.program !== grant.program)
    reasons.push({ code: 'other_program', program: grant.program });
  if (!caller.scopes.has(ALL))
    for (const scope of grant.scopes)
      if (!caller.scopes.has(scope)) reasons.push({ code: 'missing_scope', scope });
  if (!caller.sources.includes(ALL))
    for (const source of grant.sources)
      if (!caller.sources.includes(source)) reasons.push({ code: 'missing_source', source });
  if (reasons.length === 0) return { ok: true, value: undefined };
  return refuse('key_exceeds_grant', 'The calling key does not have all that this key may do.', { reasons });
}
