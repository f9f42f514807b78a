import fc from 'fast-check';

/** Lists of the fuzz: some to be read and changed, and some that wait for their upload to be finished or abandoned. */
const CHANGED = ['list-0', 'list-1', 'list-2'];
const WAITING = 20;
const UPLOAD = 'whole';
const waiting = (operation: string): string[] =>
  Array.from(
    { length: WAITING },
    (_, number) => `${operation === 'abandonListUpload' ? 'drop' : 'finish'}-${number}`,
  );

const isAboutUploads = (operation: string): boolean => operation.endsWith('ListUpload');

/** What requests about lists and profiles name; undefined for what other operations mean by the same words. */
export const listHints = (operation: string): Record<string, fc.Arbitrary<unknown>> => ({
  list: fc.constantFrom(...(isAboutUploads(operation) ? waiting(operation) : CHANGED)),
  upload: fc.constant(isAboutUploads(operation) ? UPLOAD : undefined),
  ...(operation === 'changeListMembers' && {
    mode: fc.constantFrom('add', 'remove'),
    members: fc.array(fc.constantFrom('ext:first', 'ext:second', 'ext:nobody'), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
  country: fc.constantFrom('NL', 'BE', null),
  birth_date: fc.constantFrom('1984-02-29', '2000-01-01', null),
  time_zone: fc.constantFrom('Europe/Paris', 'UTC', null),
});

type Make = (operation: string, method: string, path: string, json: unknown) => Promise<unknown>;

/** Makes the lists of a program, with their uploads. */
export async function makeLists(make: Make): Promise<void> {
  const members = ['ext:first', 'ext:second'];
  for (const list of CHANGED)
    await make('changeListMembers', 'POST', `/v1/lists/${list}/members`, { mode: 'add', members });
  for (const list of [...waiting('finishListUpload'), ...waiting('abandonListUpload')])
    await make('changeListMembers', 'POST', `/v1/lists/${list}/members`, {
      mode: 'replace',
      upload: UPLOAD,
      members,
    });
}
