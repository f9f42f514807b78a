import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Credentials } from '#platform/http/api.ts';

/** What a key may call itself where a request names no source. */
const DEFAULT_SOURCE = 'api';

/**
 * The source of a write: the one that the request names, if the key may use it, else the key's first.
 * A source is part of every business key, so that two senders cannot collide.
 */
export function sourceOf(
  credentials: Pick<Credentials, 'sources'>,
  named: string | undefined,
): Outcome<string> {
  const any = credentials.sources.includes('*');
  if (named === undefined)
    return accept(credentials.sources.find(source => source !== '*') ?? DEFAULT_SOURCE);
  if (any || credentials.sources.includes(named)) return accept(named);
  return refuse(
    'source_not_allowed',
    `The key may not send as ${named}. It may send as ${credentials.sources.join(', ')}.`,
  );
}
