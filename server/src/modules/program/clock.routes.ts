import { z } from 'zod';
import { accept, type Outcome } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { idempotencyHeaders, instant, programName } from '#platform/http/schemas.ts';
import { LAST_INSTANT } from './fields.ts';
import type { Passage } from './passing.ts';
import type { ProgramView } from './publishing.ts';
import { shown, shownView } from './routes.ts';
import type { ProgramService } from './service.ts';

const within = instant.refine(at => at <= LAST_INSTANT, { error: 'must be before the year 9800' });
const body = z
  .union([
    z.strictObject({
      advance: z
        .string()
        .max(100)
        .meta({ description: 'By how much, as an ISO 8601 duration.', examples: ['P1M'] }),
    }),
    z.strictObject({ to: within.describe('Until when.') }),
    z.strictObject({ now: within.describe('Where the clock stands from now on.') }),
  ])
  .meta({
    id: 'ProgramClock',
    description:
      'How the clock goes forward. `advance` and `to`: time passes, and everything that falls due meanwhile is done in order, each at its instant. `now`: the clock is set, and what has fallen due is done when somebody touches the wallet or by the next sweep, as after an engine that stood still.',
  });

/** The time of test programs. */
export function clockRoutes(
  api: Api,
  program: Pick<ProgramService, 'advanceClock'> & {
    passTime(
      name: string,
      asked: { passage: Passage; key: string | undefined },
      dryRun: boolean,
    ): Promise<Outcome<ProgramView>>;
  },
): void {
  api.route(
    {
      method: 'POST',
      path: '/v1/programs/{program}/clock',
      scope: 'program:write',
      summary: 'Let the time of a test program pass',
      description:
        'Expiry, activation, the end of holds and reminders happen in order, exactly as they would live, however long the step is. `advance` counts from where the clock stands; with the header `Idempotency-Key` it is carried out once, however often it is sent.',
      tag: 'Programs',
      operation: 'setProgramClock',
      params: z.strictObject({ program: programName }),
      headers: idempotencyHeaders.partial(),
      body,
      answers: { 200: shown },
      refusals: ['program_not_found', 'clock_not_settable', 'clock_backwards', 'key_reused'],
      dryRun: true,
    },
    async ({ params, headers, body: sent, dryRun }) => {
      const set =
        'now' in sent
          ? await program.advanceClock(params.program, sent.now, dryRun)
          : await program.passTime(
              params.program,
              {
                passage: 'to' in sent ? { to: sent.to } : { by: sent.advance },
                key: headers['idempotency-key'],
              },
              dryRun,
            );
      return set.ok ? accept(shownView(set.value)) : set;
    },
  );
}
