import { z } from 'zod';
import type { Clock } from '#platform/clock.ts';
import type { Pool } from '#platform/db/client.ts';
import { accept, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { type Ledger, time } from '../../ledger/index.ts';
import { compileDraft, type Program } from '../../program/index.ts';
import type { ProgramInForce } from '../model.ts';
import * as store from './backtests.store.ts';
import { type Backtests, MAX_RUNNING } from './backtests.ts';
import { end } from './history.store.ts';

export interface BacktestRoutesDeps {
  ledger: Ledger;
  pool: Pool;
  clock: Clock;
}

/** More would need more memory than a machine of this size should give to a report. */
const MAX_DECISIONS = 10_000_000;
/** A process that has said nothing for so long has ended. */
const SILENCE = 60_000;

const text = z.string();
const whole = z.string().meta({ pattern: '^-?[0-9]+$' });
const line = { actual: whole, draft: whole, difference: whole };
const counts = z.strictObject({ actual: z.int(), draft: z.int() });
const changes = z.array(z.strictObject({ member: text, difference: whole }));

const reportSchema = z
  .strictObject({
    from: schemas.instant.nullable(),
    to: schemas.instant,
    decisions: z
      .int()
      .describe('Orders, revisions, returns, re-ratings, activities and referrals of the period.'),
    erased: z.int().describe('Decisions about members who were erased since; left out.'),
    units: z.array(
      z.strictObject({
        unit: text,
        ...line,
        money: z.strictObject({ currency: text, difference: whole }).nullable(),
      }),
    ),
    rules: z.array(z.strictObject({ rule: text, unit: text, ...line })),
    gifts: z
      .array(z.strictObject({ campaign: text, gives: text, ...counts.shape }))
      .describe('What campaigns give beside points, and how often, less what came back: tiers and vouchers.'),
    not_judged: z
      .array(z.strictObject({ rule: text, ...counts.shape }))
      .describe(
        'For how many orders, revisions and activities the condition of a rule, campaign, segment or challenge had no answer and counted as not matched.',
      ),
    tiers: z.array(z.strictObject({ tier: text, orders: counts, members: counts })),
    days: z.array(z.strictObject({ day: text, unit: text, ...line })),
    members: z.strictObject({
      winners: z.int(),
      losers: z.int(),
      unchanged: z.int(),
      most_won: changes,
      most_lost: changes,
    }),
    redemptions: z.strictObject({ would_fail: z.int(), points: whole }),
    velocity: z
      .strictObject({
        members: z.int(),
        cases: z.int(),
        pauses: z.int(),
        held: z.array(z.strictObject({ unit: text, points: whole })),
        most: z.array(z.strictObject({ member: text, cases: z.int() })),
      })
      .nullable()
      .describe(
        'What the velocity checks would have flagged, and the points that pauses would have held back (the draft gives them all the same); null without checks.',
      ),
  })
  .meta({ id: 'BacktestReport', description: 'What was given, and what the draft would have given.' });

const backtestSchema = z
  .strictObject({
    id: text,
    state: z.enum(['running', 'done', 'failed', 'interrupted']),
    started_at: schemas.instant,
    replayed: z.int(),
    expected: z.int(),
    report: reportSchema.nullable(),
    failure: text.nullable().describe('Why there is no report, where the state is `failed`.'),
  })
  .meta({ id: 'Backtest' });

/** Replays of stored orders under a draft. */
export function backtestRoutes(api: Api, deps: BacktestRoutesDeps, backtests: Backtests): void {
  const { pool, ledger, clock } = deps;

  const isInterrupted = ({ state, seenAt }: store.StoredBacktest): boolean =>
    state === 'stopped' || (state === 'running' && clock.now() - seenAt > SILENCE);

  const shown = (backtest: store.StoredBacktest) => ({
    id: wireId('bkt', backtest.id),
    state: isInterrupted(backtest) ? ('interrupted' as const) : backtest.state,
    started_at: time(backtest.startedAt) as string,
    replayed: backtest.replayed,
    expected: backtest.expected,
    report: backtest.report,
    failure: backtest.failure,
  });

  api.route(
    {
      method: 'POST',
      path: '/v1/backtests',
      scope: 'program:read',
      tag: 'Programs',
      operation: 'createBacktest',
      summary: 'Replay the stored orders and activities under a draft',
      description:
        'Decides every order, activity and referral of the period again, as it would have been under the document, and says what would be different. Nothing is written to the ledger. Without a document the published versions are replayed, which comes to what happened. The answer comes at once; ask for the report until it is done.',
      program: true,
      body: z
        .strictObject({
          document: z.record(z.string(), z.unknown()).optional(),
          from: schemas.instant
            .optional()
            .describe('The first instant of the period. Left out: from the beginning.'),
          to: schemas.instant.optional().describe('The end, which is outside. Left out: now.'),
        })
        .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
          path: ['to'],
          error: 'must be later than `from`',
        }),
      answers: { 202: backtestSchema },
      refusals: ['program_invalid', 'backtest_too_large', 'backtests_busy'],
    },
    async ({ program, body }) => {
      const facts = (await ledger.directory.programs(pool, [program.id])).get(program.id) as ProgramInForce;
      const known: Program = facts.program;
      const draft = body.document === undefined ? null : compileDraft(known, body.document);
      if (draft !== null && !draft.ok) return draft;
      const { count } = await end(pool, program.id);
      if (count > MAX_DECISIONS)
        return refuse(
          'backtest_too_large',
          `The program has ${count} orders, returns, activities and referrals; at most ${MAX_DECISIONS} are replayed.`,
        );
      const asked = { document: body.document ?? null, from: body.from ?? null, to: body.to ?? facts.now };
      const id = await backtests.start({ programId: program.id, expected: count, asked });
      if (id === null)
        return refuse(
          'backtests_busy',
          `${MAX_RUNNING} backtests are running in this process. Wait for one to end.`,
        );
      const made = await store.findBacktest(pool, program.id, id);
      return { ok: true, status: 202, value: shown(made as store.StoredBacktest) };
    },
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/backtests/{backtest}',
      scope: 'program:read',
      tag: 'Programs',
      operation: 'getBacktest',
      summary: 'How far a backtest is, and its report',
      program: true,
      params: z.strictObject({ backtest: schemas.wireIdOf('bkt') }),
      answers: { 200: backtestSchema },
      refusals: ['backtest_not_found'],
    },
    async ({ program, params }) => {
      const found = await store.findBacktest(pool, program.id, params.backtest);
      return found === undefined
        ? refuse('backtest_not_found', 'The program has no such backtest.')
        : accept(shown(found));
    },
  );
}
