// Rules that one file keeps or breaks by itself. Every exported function is a rule and is found by being exported: to
// add one, write it here and plant a violation of it in file-rules.test.ts.
import ts from 'typescript';
import { MODULES, MODULES_FOLDER } from './modules.ts';
import { codeOf, type Finding, isCode, isTest, isTypeScript, moduleOf, type SourceFile } from './source.ts';

const MAX_LINES = 400;

const at = (file: SourceFile, line: number, message: string): Finding => ({ path: file.path, line, message });
const position = (module: string): number => (MODULES as readonly string[]).indexOf(module);

/** Lines of a file that match, as findings. */
function linesWith(file: SourceFile, pattern: RegExp, message: (found: string) => string): Finding[] {
  return file.text.split('\n').flatMap((text, i) => {
    const found = text.match(pattern);
    return found ? [at(file, i + 1, message(found[0].trim()))] : [];
  });
}

/** What a module shows to others is its index.ts; everything behind it can change without asking. */
export function modulesAreEnteredByTheirDoor(file: SourceFile): Finding[] {
  if (!file.path.startsWith('server/src/') || !isTypeScript(file.path)) return [];
  return codeOf(file)
    .imports.filter(({ target }) => {
      const module = target && moduleOf(target);
      return module && module !== moduleOf(file.path) && target !== `${MODULES_FOLDER}/${module}/index.ts`;
    })
    .map(({ specifier, line }) => at(file, line, `imports ${specifier}; import the module's index.ts`));
}

/** The order of the modules keeps the graph free of circles and lets each be understood without those after it. */
export function modulesUseOnlyEarlierOnes(file: SourceFile): Finding[] {
  const own = moduleOf(file.path);
  if (own === undefined) return [];
  if (position(own) < 0) return [at(file, 1, `module ${own} has no place in tools/tidy/modules.ts`)];
  if (isTest(file.path)) return [];
  return codeOf(file).imports.flatMap(({ target, line }) => {
    const other = target && moduleOf(target);
    if (!other || other === own || (position(other) >= 0 && position(other) < position(own))) return [];
    return [at(file, line, `${own} may not use ${other}, which comes after it`)];
  });
}

/** The platform can be read, tested and replaced without knowing loyalty. */
export function platformKnowsNoModule(file: SourceFile): Finding[] {
  if (!file.path.startsWith('server/src/platform/') || !isTypeScript(file.path)) return [];
  return codeOf(file)
    .imports.filter(({ target }) => target?.startsWith(`${MODULES_FOLDER}/`))
    .map(({ specifier, line }) => at(file, line, `the platform imports ${specifier}`));
}

/** A module and the platform are given what they need; only compose.ts and main.ts know the whole. */
export function modulesDoNotReachUp(file: SourceFile): Finding[] {
  if (!/^server\/src\/(modules|platform)\//.test(file.path) || !isTypeScript(file.path) || isTest(file.path))
    return [];
  return codeOf(file)
    .imports.filter(({ target }) => target && /^server\/src\/[^/]+$/.test(target))
    .map(({ specifier, line }) => at(file, line, `imports ${specifier}; take what it gives as an argument`));
}

/** Schemas of the database; the platform owns the last. */
const SCHEMAS = new Set<string>([...MODULES, 'events']);
const TABLE =
  /\b(?:from|join|into|update|table|only|using|lock|truncate|references)\s+([a-z_]+)\.([a-z_]+)/gi;

/** Each table has one module that writes and reads it, so its layout can change in one place. */
export function sqlStaysInItsSchema(file: SourceFile): Finding[] {
  const own = moduleOf(file.path);
  if (own === undefined || isTest(file.path) || !isTypeScript(file.path)) return [];
  return codeOf(file).strings.flatMap(({ text, line }) =>
    [...text.matchAll(TABLE)]
      .filter(([, schema = '']) => SCHEMAS.has(schema.toLowerCase()) && schema.toLowerCase() !== own)
      .map(([, schema, table]) =>
        at(file, line, `${own} names ${schema}.${table}; ask the module that owns it`),
      ),
  );
}

const SQL =
  /\b(select\b[^;]*\bfrom\s+\w|insert\s+into\s+\w|update\s+[\w.]+\s+(\w+\s+)?set\s|delete\s+from\s+\w|truncate\s+\w|lock\s+table\s)/i;

/** All SQL of a module is found in one sitting: in store.ts, or in one `<noun>.store.ts` for each noun. */
export function sqlStandsInStores(file: SourceFile): Finding[] {
  if (moduleOf(file.path) === undefined || isTest(file.path) || !isTypeScript(file.path)) return [];
  if (/(^|[/.])store\.ts$/.test(file.path)) return [];
  return codeOf(file)
    .strings.filter(({ text }) => SQL.test(text))
    .map(({ line }) => at(file, line, 'SQL outside store.ts; move it there or to <noun>.store.ts'));
}

const READS_ENVIRONMENT = /^(server\/src\/config\.ts|cli\/src\/config\.ts|(tools|bench)\/.*|cli\/bin\/.*)$/;

/** One reader of the environment for each program: its settings can be listed, checked and documented. */
export function environmentIsReadInOnePlace(file: SourceFile): Finding[] {
  if (!isTypeScript(file.path) || isTest(file.path) || READS_ENVIRONMENT.test(file.path)) return [];
  return codeOf(file)
    .uses.filter(({ name, kind }) => kind === 'read' && name === 'process.env')
    .map(({ line }) => at(file, line, 'reads process.env; take the setting as an argument from config.ts'));
}

const CLOCK_OR_CHANCE =
  /^(Date\.now|Temporal\.Now|Math\.random|(\w+\.)?(randomUUID|randomBytes|randomInt|getRandomValues))$/;

/** Decisions are replayed, simulated and tested: time and randomness come in as arguments. */
export function modulesHaveNoClockOfTheirOwn(file: SourceFile): Finding[] {
  if (moduleOf(file.path) === undefined || isTest(file.path) || !isTypeScript(file.path)) return [];
  return codeOf(file)
    .uses.filter(({ name, kind, arguments: given }) => {
      if (name === 'Date' && kind !== 'read') return given.length === 0;
      // A dotted name counts where it is read, so that passing `Date.now` on is seen as well as calling it.
      return CLOCK_OR_CHANCE.test(name) && kind === (name.includes('.') ? 'read' : 'call');
    })
    .map(({ name, line }) =>
      at(file, line, `uses ${name}; take time from platform/clock.ts, ids from platform/ids.ts`),
    );
}

/** A file fits a sitting; what outgrows it is split by noun. Migrations stay as they were applied. */
export function filesFitASitting(file: SourceFile): Finding[] {
  if (!isTypeScript(file.path) && !file.path.endsWith('.sql')) return [];
  if (file.path.startsWith('server/migrations/') || file.path.includes('/generated/')) return [];
  const lines = file.text.trimEnd().split('\n').length;
  return lines <= MAX_LINES
    ? []
    : [at(file, MAX_LINES + 1, `${lines} lines; split it by noun (at most ${MAX_LINES})`)];
}

// Spelled in two halves, so that this file keeps its own rule.
const UNFINISHED = new RegExp(
  `\\b(${['TO_DO', 'FIX_ME', 'HA_CK'].map(word => word.replace('_', '')).join('|')})\\b`,
);

/** What is unfinished is an issue, not a remark in the code. */
export function nothingIsLeftUnfinished(file: SourceFile): Finding[] {
  return isCode(file.path)
    ? linesWith(file, UNFINISHED, found => `says ${found}; finish it or open an issue`)
    : [];
}

/** A test that does not run protects nothing; one that cannot run here says what it needs. */
export function everyTestRuns(file: SourceFile): Finding[] {
  if (!isTypeScript(file.path) || !isTest(file.path)) return [];
  const { uses, properties } = codeOf(file);
  const calls = uses.filter(({ name, kind, arguments: given }) => {
    if (kind !== 'call' || !/^(t|test|it|suite|describe|context)\.(only|skip|todo)$/.test(name)) return false;
    const isReason = name === 't.skip' && given[0] !== undefined && !ts.isFunctionLike(given[0]);
    return !isReason;
  });
  const options = properties.filter(({ name, value }) => /^(only|skip|todo)$/.test(name) && value === 'true');
  return [...calls, ...options].map(({ name, line }) => at(file, line, `${name} without a reason`));
}

/** The repository works wherever it is cloned. */
export function pathsBelongToNoMachine(file: SourceFile): Finding[] {
  if (file.path.startsWith('tools/tidy/')) return [];
  const absolute = linesWith(
    file,
    /(?<![\w.~-])\/(work|home)\/[\w.-]+/,
    found => `names ${found}, a place on one machine`,
  );
  if (isTest(file.path) || /^(tools|bench)\//.test(file.path)) return absolute;
  const beside = linesWith(file, /\.\.\/shared\b/, () => 'names a folder beside the repository');
  return [...absolute, ...beside];
}

/** A lock file that names a mirror installs from that mirror only. */
export function lockFileNamesNoRegistry(file: SourceFile): Finding[] {
  if (!file.path.endsWith('package-lock.json')) return [];
  return linesWith(
    file,
    /"resolved": "https?:[^"]*"/,
    found => `${found}: install with omit-lockfile-registry-resolved`,
  );
}

const VAGUE = /(^|[/._-])(helpers?|utils?|utilities|managers?|misc|common)(?=[/._-]|$)/i;

/** A name says what is inside; these say only that the author had to put it somewhere. */
export function namesSayWhatIsInside(file: SourceFile): Finding[] {
  const found = isCode(file.path) ? file.path.match(VAGUE) : null;
  return found ? [at(file, 1, `is named ${found[2]}; name it after what it holds`)] : [];
}
