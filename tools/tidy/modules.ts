/** The modules of the engine in the order in which they are composed: each may use the doors of those before it. */
export const MODULES = [
  'audit',
  'identity',
  'ledger',
  'members',
  'program',
  'fraud',
  'earning',
  'rewards',
  'partners',
  'giftcards',
  'forecast',
  'outreach',
  'finance',
  'insights',
] as const;

export const MODULES_FOLDER = 'server/src/modules';
