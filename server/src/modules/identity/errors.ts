import type { ErrorTable } from '#platform/errors.ts';

/** What this module refuses. Every code has a page under docs/reference/errors. */
export const identityErrors = {
  key_not_found: { status: 404, title: 'There is no such key' },
  key_exceeds_grant: { status: 403, title: 'A key cannot give or take what it may not do itself' },
} as const satisfies ErrorTable;
