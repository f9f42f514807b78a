// Mistakes in what campaigns do: percentages.
const EARNING = 'src/modules/earning';
const PERCENT = ['test/journeys/percent.test.ts'];
const MODEL = [`${EARNING}/effects.test.ts`];

export const EFFECT_MUTANTS = [
  {
    name: 'a percentage leaves out fixed points',
    file: `${EARNING}/model.ts`,
    tests: MODEL,
    find: 'give(index, times({ num: earn.fixed, den: 1n }, part));',
    replace: 'cells.push({ line: index, rule: source, value: times({ num: earn.fixed, den: 1n }, part) });',
  },
  {
    name: 'a percentage is of points of campaigns too',
    file: `${EARNING}/model.ts`,
    tests: PERCENT,
    find: '(isMultiplied ? parts : [])',
    replace: 'parts',
  },
  {
    name: 'an amendment has the cap of its order twice',
    file: `${EARNING}/campaigns.ts`,
    tests: PERCENT,
    find: "cap === null || campaign.cap?.per === 'order' ? cap : cap + granted",
    replace: 'cap === null ? cap : cap + granted',
  },
];
