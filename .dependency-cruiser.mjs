// Which file may import which. The rules about modules are also in tools/tidy, which sees single files; this sees
// the whole graph, also through type-only imports.
import { MODULES, MODULES_FOLDER } from './tools/tidy/modules.ts';

const test = '(\\.test\\.ts$|^server/test/)';
const entry = [
  '\\.test\\.ts$',
  '(^|/)main\\.ts$',
  '^cli/bin/',
  '^sdk/src/index\\.ts$',
  '^sdk/src/generated/',
  '^tools/[^/]+$',
  '^bench/src/[^/]+\\.ts$',
  '^\\.dependency-cruiser\\.mjs$',
];

const laterModules = MODULES.slice(0, -1).map((module, i) => ({
  name: `${module}-before-later-modules`,
  comment: 'A module uses only modules that are composed before it.',
  severity: 'error',
  from: { path: `^${MODULES_FOLDER}/${module}/`, pathNot: test },
  to: { path: `^${MODULES_FOLDER}/(${MODULES.slice(i + 1).join('|')})/` },
}));

export default {
  forbidden: [
    ...laterModules,
    {
      name: 'no-circle',
      comment: 'Files of a circle can only be understood together.',
      severity: 'error',
      from: { pathNot: '^sdk/src/generated/' },
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      comment: 'A file that nothing imports is either an entry or dead.',
      severity: 'error',
      from: { orphan: true, pathNot: entry },
      to: {},
    },
    {
      name: 'platform-knows-no-module',
      comment: 'The platform can be read and tested without knowing loyalty.',
      severity: 'error',
      from: { path: '^server/src/platform/' },
      to: { path: `^${MODULES_FOLDER}/` },
    },
    {
      name: 'clients-know-no-server',
      comment: 'The SDK and the command line see of the engine what anyone sees: its HTTP API.',
      severity: 'error',
      from: { path: '^(sdk|cli)/', pathNot: test },
      to: { path: '^(server|bench|tools)/' },
    },
    {
      name: 'server-knows-no-client',
      comment: 'The engine does not depend on what is built around it.',
      severity: 'error',
      from: { path: '^server/', pathNot: test },
      to: { path: '^(sdk|cli|bench|tools)/' },
    },
    {
      name: 'no-tests-in-the-product',
      comment: 'What tests need is not shipped.',
      severity: 'error',
      from: { pathNot: [test, '^(tools|bench)/'] },
      to: { path: test },
    },
    {
      name: 'no-development-dependency',
      comment: 'The engine runs with what its own package.json names.',
      severity: 'error',
      from: { path: '^(server|sdk|cli)/src/', pathNot: test },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere fails only when it is reached.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(node_modules/(?!@fealty)|results/)' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
