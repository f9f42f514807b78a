import type { Json, Reply } from '../support/engine.ts';
import type { Expected, State } from './model.ts';
import type { Request } from './requests.ts';

export interface BulkResult {
  row: number;
  status: 'created' | 'known' | 'refused';
  answer?: Json;
  problem?: Json;
}

export interface BulkAnswer {
  created: number;
  known: number;
  refused: number;
  results: BulkResult[];
}

export interface Exchange {
  request: Request;
  reply: Reply;
}

export interface Explained extends Exchange {
  state: State;
  expected: Expected;
}

/** A request as it is told in a failure. */
export const show = (request: Request): string =>
  JSON.stringify(request, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
