import type { ErrorTable } from '#platform/errors.ts';

/** What this module refuses. Every code has a page under docs/reference/errors. */
export const memberErrors = {
  member_not_found: { status: 404, title: 'There is no such member' },
  member_reference_invalid: { status: 422, title: 'This is not the id of a member' },
} as const satisfies ErrorTable;
