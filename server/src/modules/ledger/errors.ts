import type { ErrorTable } from '#platform/errors.ts';

export const ledgerErrors = {
  insufficient_balance: { status: 422, title: 'The balance does not cover the points' },
  unit_unknown: { status: 422, title: 'The program has no such unit' },
  as_of_in_future: { status: 422, title: 'A balance can only be asked for as it was' },
  entry_not_found: { status: 404, title: 'There is no such entry in this program' },
  source_not_allowed: { status: 403, title: 'The key may not use this source' },
  points_out_of_range: { status: 422, title: 'The points are outside the range of a wallet' },
} as const satisfies ErrorTable;
