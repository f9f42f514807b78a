import assert from 'node:assert/strict';
import test from 'node:test';
import * as fileRules from './file-rules.ts';

type Rule = keyof typeof fileRules;
type Example = [path: string, text: string];

const many = (lines: number): string => 'const line = 1;\n'.repeat(lines);
const word = (halves: string): string => halves.replace('_', '');
const LEDGER = 'server/src/modules/ledger';

/** For each rule: files that break it, each in exactly one place, and files that look alike and keep it. */
const planted: Record<Rule, { broken: Example[]; kept: Example[] }> = {
  modulesAreEnteredByTheirDoor: {
    broken: [
      ['server/src/modules/earning/service.ts', "import { post } from '#modules/ledger/posting.ts';"],
      ['server/src/modules/earning/service.ts', "import type { Lot } from '../ledger/model.ts';"],
      ['server/src/modules/earning/service.ts', "export * from '../ledger/model.ts';"],
      ['server/src/compose.ts', "const ledger = await import('./modules/ledger/store.ts');"],
    ],
    kept: [
      ['server/src/modules/earning/service.ts', "import { post } from '#modules/ledger/index.ts';"],
      ['server/src/modules/earning/service.ts', "import { decide } from './model.ts';"],
      ['server/src/modules/earning/service.ts', "// import { post } from '#modules/ledger/posting.ts';"],
      ['server/src/compose.ts', "import { createLedger } from './modules/ledger/index.ts';"],
    ],
  },
  modulesUseOnlyEarlierOnes: {
    broken: [
      [`${LEDGER}/service.ts`, "import { createEarning } from '#modules/earning/index.ts';"],
      [`${LEDGER}/service.ts`, "import type { Member } from '../members/index.ts';"],
      ['server/src/modules/raffles/index.ts', 'export const draw = 1;'],
    ],
    kept: [
      ['server/src/modules/earning/service.ts', "import { post } from '#modules/ledger/index.ts';"],
      [`${LEDGER}/service.test.ts`, "import { createEarning } from '#modules/earning/index.ts';"],
    ],
  },
  platformKnowsNoModule: {
    broken: [['server/src/platform/http/api.ts', "import { ledgerErrors } from '#modules/ledger/index.ts';"]],
    kept: [['server/src/platform/http/api.ts', "import { refuse } from '#platform/errors.ts';"]],
  },
  modulesDoNotReachUp: {
    broken: [
      [`${LEDGER}/service.ts`, "import { config } from '../../config.ts';"],
      ['server/src/platform/http/api.ts', "import { compose } from '../../compose.ts';"],
    ],
    kept: [[`${LEDGER}/service.test.ts`, "import { compose } from '../../compose.ts';"]],
  },
  sqlStaysInItsSchema: {
    broken: [
      ['server/src/modules/earning/store.ts', "const q = statement('q', `select 1 from ledger.wallets`);"],
      ['server/src/modules/earning/store.ts', "const q = 'insert into events.outbox values (1)';"],
      ['server/src/modules/earning/store.ts', "const q = 'UPDATE ledger.wallets SET available = 0';"],
      ['server/src/modules/earning/store.ts', "const q = 'delete from ledger.open_lots';"],
      ['server/src/modules/earning/store.ts', "const q = 'lock table ledger.wallets';"],
      ['server/src/modules/earning/store.ts', "const q = 'truncate ledger.wallets';"],
      ['server/src/modules/earning/store.ts', 'const q = `select $' + '{columns} from ledger.wallets`;'],
    ],
    kept: [
      [
        'server/src/modules/earning/store.ts',
        'const q = `select extract(epoch from o.at) from earning.orders o`;',
      ],
      ['server/src/modules/earning/store.ts', '// never: select 1 from ledger.wallets'],
      ['server/src/modules/earning/store.test.ts', "const q = 'select 1 from ledger.wallets';"],
    ],
  },
  sqlStandsInStores: {
    broken: [
      [`${LEDGER}/service.ts`, 'await tx.run(`select 1 from ledger.wallets`);'],
      [`${LEDGER}/balances.ts`, "const q = 'insert into ledger.lots values (1)';"],
      [`${LEDGER}/balances.ts`, "const q = 'update ledger.lots set remaining = 0';"],
      [`${LEDGER}/balances.ts`, "const q = 'delete from ledger.lots';"],
    ],
    kept: [
      [`${LEDGER}/store.ts`, 'await tx.run(`select 1 from ledger.wallets`);'],
      [`${LEDGER}/lots.store.ts`, 'await tx.run(`select 1 from ledger.lots`);'],
      [`${LEDGER}/service.ts`, "throw new Error('select a unit, or update the program');"],
      ['server/src/platform/events/log.ts', 'await tx.run(`select 1 from events.outbox`);'],
    ],
  },
  environmentIsReadInOnePlace: {
    broken: [
      [`${LEDGER}/lanes.ts`, 'const lanes = process.env.LANES;'],
      ['cli/src/main.ts', 'const { FEALTY_URL } = process.env;'],
      ['server/src/platform/observe/log.ts', "const level = process.env['LEVEL'];"],
    ],
    kept: [
      ['server/src/config.ts', 'const port = process.env.FEALTY_PORT;'],
      ['cli/src/config.ts', 'const url = process.env.FEALTY_URL;'],
      ['tools/test.ts', 'const env = { ...process.env };'],
      ['server/test/support/database.ts', 'const url = process.env.FEALTY_TEST_POSTGRES;'],
      ['cli/src/main.ts', '// process.env is read in config.ts'],
    ],
  },
  modulesHaveNoClockOfTheirOwn: {
    broken: [
      [`${LEDGER}/model.ts`, 'const now = Date.now();'],
      [`${LEDGER}/index.ts`, 'createLanes({ now: Date.now });'],
      [`${LEDGER}/model.ts`, 'const now = new Date();'],
      [`${LEDGER}/model.ts`, 'const now = new Date;'],
      [`${LEDGER}/model.ts`, 'const luck = Math.random();'],
      [`${LEDGER}/service.ts`, 'const id = crypto.randomUUID();'],
      [`${LEDGER}/service.ts`, "import { randomBytes } from 'node:crypto'; const id = randomBytes(8);"],
      [`${LEDGER}/service.ts`, 'const now = Temporal.Now.instant();'],
    ],
    kept: [
      [`${LEDGER}/model.ts`, 'const day = new Date(now).getUTCDate();'],
      [`${LEDGER}/service.ts`, 'const took = performance.now() - started;'],
      [`${LEDGER}/model.test.ts`, 'const now = Date.now();'],
      ['server/src/platform/clock.ts', 'export const wallClock = { now: () => Date.now() };'],
    ],
  },
  filesFitASitting: {
    broken: [
      [`${LEDGER}/service.ts`, many(401)],
      ['deploy/roles.sql', many(401)],
    ],
    kept: [
      [`${LEDGER}/service.ts`, many(400)],
      ['server/migrations/0001_ledger.sql', many(900)],
      ['sdk/src/generated/client.ts', many(900)],
      ['docs/start.md', many(900)],
    ],
  },
  nothingIsLeftUnfinished: {
    broken: [
      [`${LEDGER}/service.ts`, `// ${word('TO_DO')}: expiry`],
      ['server/migrations/0001_ledger.sql', `-- ${word('FIX_ME')}`],
      ['fealty', `# ${word('HA_CK')}`],
    ],
    kept: [
      [`${LEDGER}/service.ts`, "const format = 'yyyy-MM-ddTHH:mm:ssXXX'; // hackney"],
      ['docs/start.md', `Write a ${word('TO_DO')} list.`],
    ],
  },
  everyTestRuns: {
    broken: [
      [`${LEDGER}/model.test.ts`, "test.only('a', () => {});"],
      [`${LEDGER}/model.test.ts`, "test.skip('a', () => {});"],
      [`${LEDGER}/model.test.ts`, "it.todo('a');"],
      [`${LEDGER}/model.test.ts`, "test('a', t => { t.skip(); });"],
      [`${LEDGER}/model.test.ts`, "test('a', { skip: true }, () => {});"],
      ['server/test/journeys/first.ts', "describe.only('a', () => {});"],
    ],
    kept: [
      [`${LEDGER}/model.test.ts`, "test('a', t => { t.skip('needs Java 21'); });"],
      [`${LEDGER}/model.test.ts`, "test('a', { skip: isRoot && 'needs another user' }, () => {});"],
      [`${LEDGER}/model.test.ts`, "const bad = 'test.only(';"],
      [`${LEDGER}/model.ts`, 'reader.skip();'],
    ],
  },
  pathsBelongToNoMachine: {
    broken: [
      ['docs/start.md', 'cd /home/me/fealty'],
      ['bench/src/main.ts', "const data = '/work/data/orders.csv';"],
      ['server/src/config.ts', "const data = '../shared/data';"],
      ['README.md', 'see ../shared/design/domain.md'],
    ],
    kept: [
      ['bench/src/main.ts', "const data = '../shared/data';"],
      ['server/test/journeys/cdnow.test.ts', "const data = '../../../../shared/data';"],
      ['docs/start.md', 'see https://example.org/home/page and ~/work/clone and /workspace'],
    ],
  },
  lockFileNamesNoRegistry: {
    broken: [['package-lock.json', '"resolved": "https://mirror.example/pg/-/pg-8.23.1.tgz",']],
    kept: [
      ['package-lock.json', '"resolved": "server",'],
      ['docs/start.md', '"resolved": "https://mirror.example/"'],
    ],
  },
  namesSayWhatIsInside: {
    broken: [
      [`${LEDGER}/helpers.ts`, ''],
      ['server/src/platform/utils/strings.ts', ''],
      [`${LEDGER}/wallet-manager.ts`, ''],
    ],
    kept: [
      [`${LEDGER}/lots.ts`, ''],
      ['cli/src/commands/sweep.ts', ''],
    ],
  },
};

for (const [name, { broken, kept }] of Object.entries(planted) as [Rule, (typeof planted)[Rule]][]) {
  test(`${name} finds every planted violation, once and in its file`, () => {
    for (const [path, text] of broken) {
      const findings = fileRules[name]({ path, text });
      assert.equal(findings.length, 1, `${path}: ${text.slice(0, 80)}`);
      assert.equal(findings[0]?.path, path);
    }
  });

  test(`${name} lets pass what keeps it`, () => {
    for (const [path, text] of kept)
      assert.deepEqual(fileRules[name]({ path, text }), [], `${path}: ${text.slice(0, 80)}`);
  });
}

test('every rule about a file has planted violations', () => {
  assert.deepEqual(Object.keys(planted).sort(), Object.keys(fileRules).sort());
});

test('a finding names the line', () => {
  const text = "import a from 'node:fs';\n\nconst now = Date.now();\n";
  assert.equal(fileRules.modulesHaveNoClockOfTheirOwn({ path: `${LEDGER}/model.ts`, text })[0]?.line, 3);
});
