import fc from 'fast-check';

/** The program whose drafts the fuzz works on; nothing else publishes a version of it. */
export const DRAFTS = 'fuzz-drafts';

/** Written by another key than the fuzz's: one that is approved already, and one to be approved. */
export const BY_ANOTHER = { approved: 'approved', open: 'open' } as const;
/** Written by the fuzz's key, to be withdrawn. */
export const OWN = 'own';

export const isAboutDrafts = (operation: string): boolean => /Drafts?$/.test(operation);

/** Drafts that are in the state that the operation needs; each can be done again and says the same. */
export function draftOf(operation: string): fc.Arbitrary<string> {
  if (operation === 'approveDraft') return fc.constant(BY_ANOTHER.open);
  if (operation === 'publishDraft') return fc.constant(BY_ANOTHER.approved);
  if (operation === 'withdrawDraft') return fc.constant(OWN);
  if (operation === 'getDraft') return fc.constantFrom(BY_ANOTHER.approved, BY_ANOTHER.open, OWN);
  return fc.nat(9).map(number => `draft-${number}`);
}

type Send = (
  operation: string,
  method: string,
  path: string,
  json: unknown,
  key?: string,
) => Promise<unknown>;

/** Makes the program and its drafts, with a second key. */
export async function makeDrafts(send: Send, document: object): Promise<void> {
  const program = `/v1/programs/${DRAFTS}`;
  await send('putProgram', 'PUT', program, document);
  const grant = { label: 'author', scopes: ['program:draft'], sources: ['*'] };
  const { secret } = (await send('createKey', 'POST', '/v1/keys', grant)) as { secret: string };
  const next = { ...document, rounding: 'ceiling' };
  for (const name of Object.values(BY_ANOTHER))
    await send('putDraft', 'PUT', `${program}/drafts/${name}`, next, secret);
  await send('putDraft', 'PUT', `${program}/drafts/${OWN}`, next);
  await send('approveDraft', 'POST', `${program}/drafts/${BY_ANOTHER.approved}/approve`, { revision: 1 });
}
