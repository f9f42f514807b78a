import {
  type Case,
  type CaseAnswer,
  type CaseDetails,
  confirmCase,
  getCase,
  listCases,
  releaseCase,
} from '@fealty/sdk';
import { everyPage, openApi } from '../api.ts';
import { dryRun, program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { usageFailure } from '../failure.ts';
import { grouped, list, shortTime, table } from '../output.ts';

const STATES = ['open', 'released', 'confirmed'] as const;
const id = { type: 'positional', description: 'The id of the case: cas_...', required: true } as const;

export const casesListCommand: Command = command({
  name: 'cases list',
  summary: 'List cases of members who earned too fast',
  args: {
    state: { type: 'string', valueHint: STATES.join('|'), description: 'Left out: all' },
    member: { type: 'string', valueHint: 'MEMBER', description: 'ext: and your own id, or mem_...' },
    program,
  },
  examples: [
    { command: './fealty cases list --state open --program shop', does: 'what there is to look at' },
  ],
  async run(values, output) {
    const state = STATES.find(each => each === values.state);
    if (values.state !== undefined && state === undefined)
      throw usageFailure(`--state takes ${STATES.join(', ')}, not ${values.state}.`);
    const { client, ask } = openApi(values.program);
    const cases = await everyPage<Case>(cursor =>
      ask(listCases({ client, query: { limit: 1000, cursor, state, member: values.member } })),
    );
    output.result(cases, () => (cases.length === 0 ? 'There are no such cases.' : casesTable(cases)));
  },
});

const casesTable = (cases: readonly Case[]): string =>
  table(
    ['case', 'state', 'member', 'occurred', 'checks', 'held back'],
    cases.map(found => [
      found.id,
      found.state,
      found.member,
      shortTime(found.occurred_at),
      found.crossings.map(({ check }) => check).join(', '),
      heldBack(found),
    ]),
  );

const heldBack = ({ held_back }: Case): string =>
  held_back.map(({ points, unit }) => `${grouped(points)} ${unit}`).join(', ') || 'nothing';

export const casesShowCommand: Command = command({
  name: 'cases show',
  summary: 'Show what crossed the line, and what is held back',
  args: { case: id, program },
  examples: [
    { command: './fealty cases show cas_06xyzqa2r0000 --program shop', does: 'before you decide it' },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const found = await ask(getCase({ client, path: { case: values.case } }));
    output.result(found, () => caseText(found));
  },
});

function caseText(found: CaseDetails): string {
  const { decision } = found;
  const facts = list([
    ['Case', `${found.id}, ${found.state}`],
    ['Member', found.member],
    ['Crossed by', `${found.cause}, ${shortTime(found.occurred_at)}`],
    ['Held back', heldBack(found)],
    ...(decision === null
      ? []
      : [
          ['Decided', `${shortTime(decision.decided_at)} by ${decision.decided_by}: ${decision.note}`] as [
            string,
            string,
          ],
        ]),
  ]);
  const crossings = table(
    ['check', 'points', 'more than', 'from', 'until', 'pause until'],
    found.crossings.map(({ check, points, unit, more_than, window, paused_until }) => [
      check,
      `${grouped(points)} ${unit}`,
      grouped(more_than),
      shortTime(window.from),
      shortTime(window.until),
      paused_until === null ? 'no pause' : shortTime(paused_until),
    ]),
  );
  const credits = table(
    ['counted', 'occurred', 'by'],
    found.credits.map(({ points, unit, occurred_at, cause }) => [
      `${grouped(points)} ${unit}`,
      shortTime(occurred_at),
      cause,
    ]),
  );
  const lots = table(
    ['held back', 'occurred', 'entry'],
    found.lots.map(({ points, unit, occurred_at, entry }) => [
      `${grouped(points)} ${unit}`,
      shortTime(occurred_at),
      entry,
    ]),
  );
  return [facts, crossings, credits, ...(found.lots.length === 0 ? [] : [lots])].join('\n\n');
}

const decision = (
  verdict: 'release' | 'confirm',
  texts: { summary: string; does: string },
  send: typeof releaseCase | typeof confirmCase,
): Command =>
  command({
    name: `cases ${verdict}`,
    summary: texts.summary,
    args: {
      case: id,
      note: { type: 'string', valueHint: 'TEXT', description: 'Why; shown with the case', required: true },
      'dry-run': dryRun,
      program,
    },
    examples: [
      {
        command: `./fealty cases ${verdict} cas_06xyzqa2r0000 --note "Called the member." --program shop`,
        does: texts.does,
      },
    ],
    notes: ['A case is decided once. Run again with the same note, the command tells what it did.'],
    async run(values, output) {
      const { client, ask } = openApi(values.program);
      const answer = await ask(
        send({
          client,
          path: { case: values.case },
          query: { dry_run: values['dry-run'] ? true : undefined },
          headers: { 'idempotency-key': `fealty cases ${verdict} ${values.case}` },
          body: { note: values.note },
        }),
      );
      output.result(answer, () => decisionText(answer));
    },
  });

function decisionText({ known, decision: decided, effects }: CaseAnswer): string {
  const state = decided.verdict === 'release' ? 'released' : 'confirmed';
  const facts = list([
    ['Case', `${decided.case}, ${state}${known ? ' before' : ''}`],
    ['Note', decided.note],
  ]);
  if (effects.length === 0) return `${facts}\n\nNothing was held back.`;
  const rows = effects.map(({ type, points, unit, available_at }) => [
    type,
    `${grouped(points)} ${unit}`,
    available_at === null ? '' : shortTime(available_at),
  ]);
  return `${facts}\n\n${table(['entry', 'points', 'usable from'], rows)}`;
}

export const casesReleaseCommand = decision(
  'release',
  { summary: 'Give what a pause has held back', does: 'the points get the terms of their rules' },
  releaseCase,
);
export const casesConfirmCommand = decision(
  'confirm',
  { summary: 'Confirm fraud: what a pause has held back lapses', does: 'they are gone for good' },
  confirmCase,
);
