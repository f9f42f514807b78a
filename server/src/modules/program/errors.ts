import type { ErrorTable } from '#platform/errors.ts';

/** What this module refuses. Every code has a page under docs/reference/errors. */
export const programErrors = {
  program_invalid: { status: 422, title: 'The program document has mistakes' },
  program_version_not_found: { status: 404, title: 'The program has no such version' },
  program_version_conflict: { status: 409, title: 'Someone else published a version in the meantime' },
  program_effective_from_invalid: { status: 422, title: 'A version cannot take effect at that time' },
  draft_not_found: { status: 404, title: 'The program has no draft of this name' },
  draft_closed: { status: 409, title: 'The draft was published or withdrawn' },
  draft_changed: { status: 409, title: 'The draft was changed in the meantime' },
  draft_review_by_author: { status: 409, title: 'A draft is approved by somebody else than its author' },
  draft_not_approved: { status: 409, title: 'Nobody has approved the draft as it is' },
  clock_not_settable: { status: 409, title: 'The program follows the real time' },
  clock_backwards: { status: 409, title: 'The clock of a program cannot go back' },
} as const satisfies ErrorTable;
