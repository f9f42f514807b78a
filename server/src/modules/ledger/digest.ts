import { sha256 } from '#platform/ids.ts';
import type { Entry } from './model.ts';
import type { Posting } from './posting.store.ts';

/** The canonical text of an entry: what the proof covers. `verification.store.ts` builds the same in SQL. */
const canonical = (entry: Entry, posting: Posting): string =>
  [
    entry.wallet,
    entry.seq,
    posting.command,
    posting.tx,
    entry.kind,
    entry.available,
    entry.pending,
    entry.held,
    entry.availableAfter,
    entry.pendingAfter,
    entry.heldAfter,
    entry.debtAfter,
    entry.shortfallAfter,
    entry.occurredAt,
    entry.bookedAt,
    entry.rule ?? '',
    `${entry.availableFrom ?? ''}${entry.cancels ? '!' : ''}`,
    `${entry.expiresAt ?? ''}${entry.inactiveAfter ?? ''}`,
    entry.ofSeq ?? '',
    entry.lots.join(','),
    entry.amounts.join(','),
    entry.reason ?? '',
  ].join('|');

/** SHA-256 (hex) over the canonical texts of a batch's entries, in the order of wallet and seq. */
export function digest(postings: readonly Posting[]): string {
  const rows = postings.flatMap(posting => posting.entries.map(entry => ({ entry, posting })));
  rows.sort((a, b) => a.entry.wallet - b.entry.wallet || a.entry.seq - b.entry.seq);
  return sha256(rows.map(row => canonical(row.entry, row.posting)).join('\n'));
}
