import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { credentials } from '../../../test/support/http.ts';
import { covers, type Grant } from './model.ts';

const names = (values: string[]) => fc.uniqueArray(fc.constantFrom('*', ...values), { minLength: 1 });
const grants: fc.Arbitrary<Grant> = fc.record({
  label: fc.constant('x'),
  program: fc.constantFrom(null, 'travel', 'fashion'),
  scopes: names(['orders:write', 'keys:manage', 'members:read']),
  sources: names(['shop', 'till']),
});
const callerOf = (grant: Grant) => credentials('caller', { ...grant, scopes: new Set(grant.scopes) });

/** Everything that a grant allows, one by one, with `*` spelled out. */
function allowed({ program, scopes, sources }: Grant): Set<string> {
  const all = (given: readonly string[], known: string[]) => (given.includes('*') ? [...known, '*'] : given);
  const programs = program === null ? ['travel', 'fashion', 'any'] : [program];
  return new Set([
    ...programs.map(each => `program ${each}`),
    ...all(scopes, ['orders:write', 'keys:manage', 'members:read']).map(each => `scope ${each}`),
    ...all(sources, ['shop', 'till']).map(each => `source ${each}`),
  ]);
}

test('a grant is covered exactly where the caller may do everything in it', () => {
  fc.assert(
    fc.property(grants, grants, (caller, grant) => {
      const outcome = covers(callerOf(caller), grant);
      assert.equal(outcome.ok, allowed(grant).isSubsetOf(allowed(caller)));
      if (!outcome.ok) {
        assert.equal(outcome.refusal.code, 'key_exceeds_grant');
        assert.ok((outcome.refusal.reasons ?? []).length > 0);
      }
    }),
  );
});

test('every key covers itself', () => {
  fc.assert(fc.property(grants, grant => assert.equal(covers(callerOf(grant), grant).ok, true)));
});
