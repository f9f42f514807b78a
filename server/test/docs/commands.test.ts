import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { compareJson, compareText, formatJson, Ids } from './answers.ts';
import { type Example, examplesOf, type Shown, showsCommands } from './document.ts';
import { Reader, ROOT, whatIsMissing } from './reader.ts';

/** Documents that one reader follows one after another, each with whether its figures are the same in every run. */
const README = [{ path: 'README.md', exact: false }];
const TOUR = [
  { path: 'docs/start.md', exact: true },
  { path: 'docs/concepts/ledger.md', exact: true },
  { path: 'docs/concepts/exactly-once.md', exact: true },
  { path: 'docs/guides/returns.md', exact: true },
  { path: 'docs/guides/redemptions.md', exact: true },
  { path: 'docs/guides/rewards.md', exact: true },
  { path: 'docs/guides/transfers.md', exact: true },
  { path: 'docs/guides/households.md', exact: true },
  { path: 'docs/guides/events.md', exact: true },
  { path: 'docs/guides/expiry.md', exact: true },
  { path: 'docs/guides/test-program.md', exact: true },
  { path: 'docs/guides/tiers.md', exact: true },
  { path: 'docs/guides/program-as-code.md', exact: true },
  { path: 'docs/guides/audiences.md', exact: true },
  { path: 'docs/guides/activities.md', exact: true },
  { path: 'docs/guides/challenges.md', exact: true },
  { path: 'docs/guides/double-weekend.md', exact: true },
  { path: 'docs/guides/wrong-rule.md', exact: true },
  { path: 'docs/guides/velocity.md', exact: true },
  { path: 'docs/guides/campaign-gifts.md', exact: true },
  { path: 'docs/guides/import.md', exact: false },
  { path: 'docs/guides/operate.md', exact: false },
];

/** Commands that are shown and cannot be run here, with the reason. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'npm test': 'it would run itself',
};

/** `FEALTY_DOCS=write npm test docs/commands` puts the answers of this run into the documents, to be read as a diff. */
const WRITES = process.env.FEALTY_DOCS === 'write';

interface Document {
  path: string;
  exact: boolean;
}

async function follow(t: TestContext, documents: readonly Document[], notRun: Set<string>): Promise<void> {
  const reader = new Reader();
  try {
    for (const document of documents)
      await t.test(document.path, () => followDocument(reader, document, notRun));
    assert.ok(await reader.stop(), 'Ctrl-C stops the engine in order');
  } finally {
    await reader.close();
  }
}

async function followDocument(reader: Reader, { path, exact }: Document, notRun: Set<string>): Promise<void> {
  const file = join(ROOT, path);
  const text = readFileSync(file, 'utf8');
  const examples = examplesOf(text);
  assert.ok(examples.length > 0, `${path} shows no command`);
  const how = { ids: new Ids(), exact };
  const rewrites: { shown: Shown; text: string }[] = [];
  try {
    for (const example of examples) {
      const place = `${path}:${example.line}`;
      const printed = await carryOut(reader, example, how.ids, place, notRun);
      if (example.shown === undefined || printed === undefined) continue;
      const differences = compare(example.shown, printed, how);
      if (differences.length > 0 && WRITES && !isNewProblem(example.shown, printed))
        rewrites.push({ shown: example.shown, text: how.ids.toShown(laidOut(example.shown, printed)) });
      else assert.deepEqual(differences, [], `${place} shows another answer than\n${printed}\n${reader.log}`);
    }
  } finally {
    if (rewrites.length > 0) writeFileSync(file, rewritten(text, rewrites));
  }
}

/** The document with other answers; from the end, so that places before it stay what they are. */
function rewritten(text: string, rewrites: readonly { shown: Shown; text: string }[]): string {
  return rewrites
    .toReversed()
    .reduce(
      (now, { shown, text: answer }) =>
        `${now.slice(0, shown.start)}${answer}${now.slice(shown.start + shown.text.length)}`,
      text,
    );
}

/** Runs the commands of an example and gives what they printed; undefined where none of them can be run here. */
async function carryOut(
  reader: Reader,
  { commands, exit }: Example,
  ids: Ids,
  place: string,
  notRun: Set<string>,
): Promise<string | undefined> {
  let printed: string | undefined;
  for (const [index, command] of commands.entries()) {
    if (command in NOT_RUN) {
      notRun.add(command);
      continue;
    }
    if (command === 'npm start') {
      printed = await reader.start();
      continue;
    }
    const { code, stdout, stderr } = await reader.run(ids.toHere(command));
    const expected = index === commands.length - 1 ? exit : 0;
    assert.equal(
      code,
      expected,
      `${place}: ${command}\nended with ${code}\n${stdout}${stderr}\n${reader.log}`,
    );
    printed = (printed ?? '') + stdout;
  }
  return printed;
}

/** A problem in place of the answer that is shown is a fault, not a new answer. */
const isNewProblem = (shown: Shown, printed: string): boolean =>
  printed.includes('"type":"/errors/') && shown.text.trim() !== '' && !shown.text.includes('/errors/');

function compare(shown: Shown, printed: string, how: { ids: Ids; exact: boolean }): string[] {
  if (shown.language === 'text') return compareText(shown.text, printed, how);
  if (WRITES && shown.text.trim() === '') return ['nothing is shown yet'];
  return compareJson(JSON.parse(shown.text), JSON.parse(printed), how);
}

const laidOut = ({ language }: Shown, printed: string): string =>
  `${language === 'json' ? formatJson(JSON.parse(printed)) : printed.trim().replaceAll(/ +$/gm, '')}\n`;

const missing = whatIsMissing();
const notRun = new Set<string>();

test('every command of README works and answers as it says', { skip: missing }, t =>
  follow(t, README, notRun),
);

test(
  'every command of the tour, the concepts and the guides works and answers as they say',
  {
    skip: missing,
  },
  t => follow(t, TOUR, notRun),
);

test('no document for users shows commands that nobody runs', () => {
  const documents = globSync('{README.md,docs/*.md,docs/{concepts,guides}/*.md}', { cwd: ROOT });
  const shown = documents.filter(path => showsCommands(readFileSync(join(ROOT, path), 'utf8')));
  const followed = [...README, ...TOUR].map(({ path }) => path);
  assert.deepEqual(shown.sort(), followed.sort());
});

test('every exception stands in a document', { skip: missing }, () => {
  assert.deepEqual([...notRun].sort(), Object.keys(NOT_RUN).sort());
});
