import type { ErrorTable } from '#platform/errors.ts';

export const fraudErrors = {
  case_not_found: { status: 404, title: 'There is no such case in this program' },
  case_decided: { status: 409, title: 'The case was decided before' },
} as const satisfies ErrorTable;
