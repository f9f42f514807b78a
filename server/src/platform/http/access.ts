import type { IncomingHttpHeaders } from 'node:http';
import { accept, type Outcome, refuse } from '../errors.ts';
import type { Credentials, ProgramRef } from './api.ts';

type MaybePromise<T> = T | Promise<T>;

/** Verifies the text of a key; undefined for one that is unknown or revoked. Answers at once where it can. */
export type Authenticate = (key: string) => MaybePromise<Credentials | undefined>;
/** Finds a program by its name. Answers at once where it can. */
export type ResolveProgram = (name: string) => MaybePromise<ProgramRef | undefined>;

/** On public routes: nobody, who may do nothing. */
export const NOBODY: Credentials = {
  id: '',
  label: 'nobody',
  program: null,
  scopes: new Set(),
  sources: [],
};

const BEARER = /^Bearer +([!-~]+) *$/i;

/** The text of the key in `Authorization: Bearer KEY`, or undefined. */
export function bearerOf(headers: IncomingHttpHeaders): string | undefined {
  const header = headers.authorization;
  return header === undefined ? undefined : BEARER.exec(header)?.[1];
}

const UNAUTHENTICATED = refuse(
  'unauthenticated',
  'Send a valid key in the header `Authorization: Bearer KEY`. Keys that were revoked are no longer valid.',
);

/** Refuses a caller without valid key, and one whose key lacks the scope. */
export function authorise(credentials: Credentials | undefined, scope: string): Outcome<Credentials> {
  if (credentials === undefined) return UNAUTHENTICATED;
  if (credentials.scopes.has(scope) || credentials.scopes.has('*')) return accept(credentials);
  return refuse('forbidden', `This needs a key with the scope ${scope}.`, {
    reasons: [{ code: 'missing_scope', scope }],
  });
}

const PROGRAM_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * The name of the program that a call is about: the header `Fealty-Program`, else the one that the key is bound to.
 * A key bound to one program reaches no other.
 */
export function programNameOf(headers: IncomingHttpHeaders, credentials: Credentials): Outcome<string> {
  const header = headers['fealty-program'];
  if (header === undefined && credentials.program !== null) return accept(credentials.program);
  const pointer = '/headers/fealty-program';
  if (header === undefined)
    return refuse('invalid_request', 'Name the program in the header `Fealty-Program`.', {
      errors: [{ pointer, message: 'is required, because the key is not bound to one program' }],
    });
  if (typeof header !== 'string' || !PROGRAM_NAME.test(header))
    return refuse('invalid_request', 'The header `Fealty-Program` is not the name of a program.', {
      errors: [{ pointer, message: 'must have 1 to 63 of a-z, 0-9 and hyphen' }],
    });
  return mayReach(credentials, header) ? accept(header) : refuseProgram(header);
}

/** True where the key may work on the program of this name. */
export const mayReach = (credentials: Credentials, program: string): boolean =>
  credentials.program === null || credentials.program === program;

export const refuseProgram = (program: string) =>
  refuse('forbidden', `The key is bound to another program than ${program}.`, {
    reasons: [{ code: 'other_program', program }],
  });

export const unknownProgram = (program: string) =>
  refuse('program_not_found', `There is no program named ${program}.`);
