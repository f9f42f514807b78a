import type { Pool } from '#platform/db/client.ts';
import { wireId } from '#platform/ids.ts';
import type { Members } from '../members/index.ts';

/**
 * Members as their orders name them, for commands of the engine's own. Only so do these and the orders of a member take turns:
 * under another name they would be in two batches at once, each waiting for the other's locks, and an order would be decided by
 * what was remembered of its member before.
 */
export async function asNamed(
  { pool, members }: { pool: Pool; members: Members },
  who: readonly { readonly programId: number; readonly memberId: number }[],
  at: number,
): Promise<string[]> {
  const refs = who.map(({ programId, memberId }) => ({
    programId,
    member: wireId('mem', BigInt(memberId)),
    enrol: false,
  }));
  const located = await members.locate(pool, refs, at);
  return refs.map(({ member }, index) => {
    const found = located[index];
    return found?.ok ? `ext:${found.value.externalId}` : member;
  });
}
