import { confirm, isCancel } from '@clack/prompts';
import {
  type GetProgramResponse,
  getProgram,
  type PlanProgramData,
  type PlanProgramResponse,
  type PutProgramData,
  planProgram,
  putProgram,
} from '@fealty/sdk';
import { type Api, openApi } from '../api.ts';
import { type Command, command } from '../command.ts';
import { usageFailure } from '../failure.ts';
import { planText, programFacts, readDocument } from './program-document.ts';

const from = {
  type: 'string',
  valueHint: 'INSTANT',
  description: "When the version takes effect, by the program's clock; by default at once",
} as const;

export const programApplyCommand: Command = command({
  name: 'program apply',
  summary: 'Publish a document as the next version, and say what it changes',
  args: {
    program: { type: 'positional', description: 'The name of the program', required: true },
    file: { type: 'string', valueHint: 'FILE', description: 'The program document, as JSON', required: true },
    from,
  },
  examples: [
    { command: './fealty program apply shop --file shop.json', does: 'from now on' },
    {
      command: './fealty program apply shop --file shop.json --from 2027-01-01T00:00:00+01:00',
      does: 'from the new year on',
    },
  ],
  notes: [
    'A program that does not exist is made. Refused when somebody else publishes between the plan and the publication.',
  ],
  async run(values, output) {
    const api = openApi();
    const document = { ...readDocument(values.file), program: values.program };
    const plan = await planOf(api, values.program, document);
    const published = await publish(api, plan, document, values.from);
    output.result({ plan, published }, () =>
      published.version === plan.base_version
        ? `Version ${published.version} of ${plan.program} is this document already.`
        : `${planText(plan)}\n\n${programFacts(published)}`,
    );
  },
});

export const programPromoteCommand: Command = command({
  name: 'program promote',
  summary: 'Publish the latest document of a test program to the live one',
  args: {
    test: { type: 'positional', description: 'The name of the test program', required: true },
    live: { type: 'positional', description: 'The name of the live program', required: true },
    from,
    yes: { type: 'boolean', alias: 'y', description: 'Do not ask' },
  },
  examples: [
    { command: './fealty program promote shop-test shop', does: 'shows the changes and asks' },
    { command: './fealty program promote shop-test shop --yes', does: 'without being asked' },
  ],
  notes: [
    'The clock and the name of the test program are left out. A terminal is asked first; elsewhere --yes is needed.',
  ],
  async run(values, output) {
    const api = openApi();
    const { document: tested } = await api.ask(
      getProgram({ client: api.client, path: { program: values.test }, query: {} }),
    );
    const { clock: _clock, program: _program, ...document } = tested;
    const plan = await planOf(api, values.live, document);
    if (plan.changes.length === 0) {
      output.result({ plan, published: null }, () => planText(plan));
      return 0;
    }
    if (!values.yes) {
      output.note(planText(plan));
      if (!(await isMeant(values.live, output.canAsk))) {
        output.note('Nothing was published.');
        return 1;
      }
    }
    const published = await publish(api, plan, document, values.from);
    output.result({ plan, published }, () =>
      values.yes ? `${planText(plan)}\n\n${programFacts(published)}` : programFacts(published),
    );
    return 0;
  },
});

const planOf = ({ client, ask }: Api, program: string, document: object): Promise<PlanProgramResponse> =>
  ask(planProgram({ client, path: { program }, body: document as PlanProgramData['body'] }));

/** Publishes on top of the version that was planned with: what came between is a conflict, not overwritten. */
function publish(
  { client, ask }: Api,
  { program, base_version }: PlanProgramResponse,
  document: object,
  effective_from: string | undefined,
): Promise<GetProgramResponse> {
  const query = { base_version, effective_from };
  // The engine says what is wrong with a document, better than a type could.
  return ask(putProgram({ client, path: { program }, query, body: document as PutProgramData['body'] }));
}

async function isMeant(program: string, canAsk: boolean): Promise<boolean> {
  if (!canAsk) throw usageFailure(`Nobody can be asked here. Use --yes to publish ${program} all the same.`);
  const answer = await confirm({ message: `Publish this to ${program}?`, initialValue: false });
  return !isCancel(answer) && answer;
}
