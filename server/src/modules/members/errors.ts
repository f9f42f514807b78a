import type { ErrorTable } from '#platform/errors.ts';

/** What this module refuses. Every code has a page under docs/reference/errors. */
export const memberErrors = {
  member_not_found: { status: 404, title: 'There is no such member' },
  member_reference_invalid: { status: 422, title: 'This is not the id of a member' },
  profile_change_in_future: { status: 422, title: 'The change of the profile is dated in the future' },
  profile_change_too_late: { status: 409, title: 'Too many later changes of the profile are known' },
  list_not_found: { status: 404, title: 'The program has no such list' },
  list_full: { status: 409, title: 'The list has as many members as a list may have' },
  list_busy: { status: 409, title: 'The list is being replaced' },
  list_upload_not_found: { status: 404, title: 'The list has no such upload' },
  list_upload_finished: { status: 409, title: 'The upload of the list is finished' },
  too_many_lists: { status: 409, title: 'The program has as many lists as it may have' },
  too_many_attributes: { status: 422, title: 'The profile would have too many attributes' },
} as const satisfies ErrorTable;
