import { statement, type Tx } from '#platform/db/client.ts';
import type { ProgramDocument } from './document.ts';

export type DraftState = 'open' | 'approved' | 'published' | 'withdrawn';

/** A key and the label that it had at the time. */
export interface Person {
  key: string;
  label: string;
}

export interface Draft {
  name: string;
  /** Grows with every change of the document. */
  revision: number;
  /** The version that it was made from; 0: there was no program yet. */
  baseVersion: number;
  state: DraftState;
  /** Who wrote the document as it is. */
  author: Person;
  /** Who approved it; null before. `at` is epoch ms. */
  review: (Person & { note: string | null; at: number }) | null;
  publishedVersion: number | null;
  createdAt: number;
  changedAt: number;
  document: ProgramDocument;
}

const COLUMNS = `name, revision, base_version, state, author_key, author_label, reviewer_key, reviewer_label,
  review_note, reviewed_at, published_version, created_at, changed_at, document`;
type Row = [
  name: string,
  revision: number,
  baseVersion: number,
  state: DraftState,
  authorKey: string,
  authorLabel: string,
  reviewerKey: string | null,
  reviewerLabel: string | null,
  note: string | null,
  reviewedAt: number | null,
  publishedVersion: number | null,
  createdAt: number,
  changedAt: number,
  document: ProgramDocument,
];

function toDraft(row: Row): Draft {
  const [name, revision, baseVersion, state, authorKey, authorLabel, reviewerKey, ...rest] = row;
  const [reviewerLabel, note, reviewedAt, publishedVersion, createdAt, changedAt, document] = rest;
  const review =
    reviewerKey === null || reviewerLabel === null || reviewedAt === null
      ? null
      : { key: reviewerKey, label: reviewerLabel, note, at: reviewedAt };
  const author = { key: authorKey, label: authorLabel };
  return {
    name,
    revision,
    baseVersion,
    state,
    author,
    review,
    publishedVersion,
    createdAt,
    changedAt,
    document,
  };
}

const FIND = statement(
  'program_draft',
  `select ${COLUMNS} from program.drafts where program_id = $1 and name = $2`,
);
const LIST = statement(
  'program_drafts',
  `select ${COLUMNS} from program.drafts
    where program_id = $1 and name > $2 and ($3::text is null or state = $3)
    order by name
    limit $4`,
);
const SAVE = statement(
  'program_save_draft',
  `insert into program.drafts (program_id, ${COLUMNS})
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
   on conflict (program_id, name) do update set
     revision = excluded.revision, base_version = excluded.base_version, state = excluded.state,
     author_key = excluded.author_key, author_label = excluded.author_label,
     reviewer_key = excluded.reviewer_key, reviewer_label = excluded.reviewer_label,
     review_note = excluded.review_note, reviewed_at = excluded.reviewed_at,
     published_version = excluded.published_version, changed_at = excluded.changed_at, document = excluded.document`,
);

export async function find(tx: Tx, programId: number, name: string): Promise<Draft | undefined> {
  const [row] = await tx.run<Row>(FIND, [programId, name]);
  return row && toDraft(row);
}

/** Drafts by name after `after`; only those in `state`, where it is not null. */
export async function list(
  tx: Tx,
  programId: number,
  after: string,
  state: DraftState | null,
  limit: number,
): Promise<Draft[]> {
  return (await tx.run<Row>(LIST, [programId, after, state, limit])).map(toDraft);
}

const instant = (at: number): string => new Date(at).toISOString();

/** Makes the draft or writes it anew. Under the lock of the program's row, which all changes of drafts take. */
export async function save(tx: Tx, programId: number, draft: Draft): Promise<void> {
  const { review } = draft;
  await tx.run(SAVE, [
    programId,
    draft.name,
    draft.revision,
    draft.baseVersion,
    draft.state,
    draft.author.key,
    draft.author.label,
    review?.key ?? null,
    review?.label ?? null,
    review?.note ?? null,
    review === null ? null : instant(review.at),
    draft.publishedVersion,
    instant(draft.createdAt),
    instant(draft.changedAt),
    JSON.stringify(draft.document),
  ]);
}
