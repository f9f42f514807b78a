import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import fc from 'fast-check';
import { testEngine } from '../support/engine.ts';
import { invariants, verified } from '../support/invariants.ts';
import { Simulation, Tally } from './simulation.ts';
import { type Setup, type Step, story } from './steps.ts';

/*
 * FEALTY_SIM_COMMANDS   how many commands (default 2,000; `npm run simulate` takes 100,000)
 * FEALTY_SIM_SEED       the seed of the first story; with FEALTY_SIM_PATH only that one is told, from where it failed
 * FEALTY_SIM_SHRINK=0   stops at the first failure instead of looking for the shortest
 */
const COMMANDS = Number(process.env['FEALTY_SIM_COMMANDS'] ?? 2_000);
const SEED = Number(process.env['FEALTY_SIM_SEED'] ?? 20_261_121);
const PATH = process.env['FEALTY_SIM_PATH'];
const SHRINKS = process.env['FEALTY_SIM_SHRINK'] !== '0';
const LONGEST = 120;
const VERIFY_EVERY = 10;
/** A counterexample longer than this is not printed: it can be told again by its seed and path. */
const PRINTED_STEPS = 12;

const engine = await testEngine();
after(() => engine.stop());

type Details = fc.RunDetails<[{ setup: Setup; steps: Step[] }]>;

function describe({ seed, counterexamplePath, counterexample, errorInstance }: Details): string {
  const steps = counterexample?.[0].steps.length ?? 0;
  const shown = steps > PRINTED_STEPS ? `${steps} steps` : fc.stringify(counterexample);
  const again = `FEALTY_SIM_SEED=${seed} FEALTY_SIM_PATH=${counterexamplePath} npm test simulation`;
  return `${(errorInstance as Error).message}\n\n${shown}\n\nTell it again: ${again}`;
}

test('the engine answers as the model does, and its books agree', { timeout: 24 * 3_600_000 }, async () => {
  const tally = new Tally();
  let programs = 0;
  for (let told = 0; tally.commands < COMMANDS; told += 1) {
    const property = fc.asyncProperty(story(LONGEST), async ({ setup, steps }) => {
      programs += 1;
      await new Simulation(engine, `story-${programs}`, setup, tally).run(steps);
    });
    const details = await fc.check(property, {
      seed: SEED + told,
      numRuns: 1,
      endOnFailure: !SHRINKS,
      interruptAfterTimeLimit: 600_000,
      ...(PATH === undefined ? {} : { path: PATH }),
    });
    if (details.failed) assert.fail(describe(details));
    if (told % VERIFY_EVERY === 0) await verified(engine);
    if (PATH !== undefined) return;
  }
  await invariants(engine);
  console.log(
    [...tally.counts]
      .sort()
      .map(([name, count]) => `${count}\t${name}`)
      .join('\n'),
  );
});
