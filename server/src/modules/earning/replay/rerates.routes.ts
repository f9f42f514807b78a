import { z } from 'zod';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeIdsCursor, encodeCursor, foreignCursor } from '#platform/http/cursors.ts';
import * as schemas from '#platform/http/schemas.ts';
import { type Ids, wireId } from '#platform/ids.ts';
import { describeError, type Log } from '#platform/observe/log.ts';
import { time } from '../../ledger/index.ts';
import type { ProgramInForce } from '../model.ts';
import * as store from './rerates.store.ts';
import { carryOut, plan, type RerateDeps } from './rerates.ts';

export interface RerateRoutesDeps extends RerateDeps {
  ids: Ids;
  log: Log;
}

/** A process that has said nothing for so long has ended; the step can be asked for again. */
const SILENCE = 60_000;

const text = z.string();
const whole = z.string().meta({ pattern: '^-?[0-9]+$' });
const change = z.array(z.strictObject({ unit: text, points: whole }));
const rerateSchema = z
  .strictObject({
    id: text,
    state: z.enum([
      'planning',
      'planned',
      'applying',
      'applied',
      'reversing',
      'reversed',
      'failed',
      'interrupted',
    ]),
    from: schemas.instant,
    to: schemas.instant,
    version: z.int().nullable(),
    note: text,
    done: z.int(),
    expected: z.int(),
    orders: z.int().describe('Orders that come out differently.'),
    activities: z.int().describe('Activities that come out differently.'),
    members: z.int(),
    change: change.describe('Points that the plan gives (or takes, below zero) in all.'),
    applied: z.int(),
    refused: z
      .int()
      .describe(
        'Orders and activities that could not be brought to the plan, such as `points_already_spent`.',
      ),
    reversed: z.int(),
    not_reversed: z.int(),
  })
  .meta({ id: 'Rerate' });

/** Re-ratings: planned, looked at member by member, applied, and reversed. */
export function rerateRoutes(api: Api, deps: RerateRoutesDeps): void {
  const { pool, ledger, clock, ids, log } = deps;

  const unitsOf = async (programId: number): Promise<readonly string[]> =>
    ((await ledger.directory.programs(pool, [programId])).get(programId) as ProgramInForce).units;

  const shown = async (rerate: store.Rerate) => {
    const [sums, units] = await Promise.all([store.rerateSums(pool, rerate.id), unitsOf(rerate.programId)]);
    const isSilent = clock.now() - rerate.seenAt > SILENCE;
    return {
      id: wireId('rer', rerate.id),
      state: isSilent && /ing$/.test(rerate.state) ? 'interrupted' : rerate.state,
      from: time(rerate.from),
      to: time(rerate.to),
      version: rerate.version,
      note: rerate.note,
      done: rerate.done,
      expected: rerate.expected,
      orders: sums.orders,
      activities: sums.activities,
      members: sums.members,
      change: sums.change.map(([unit, points]) => ({ unit: units[unit], points })),
      applied: sums.applied,
      refused: sums.refused,
      reversed: sums.reversed,
      not_reversed: sums.notReversed,
    };
  };

  /** Does a step behind the answer; what goes wrong is logged, and the step can be asked for again. */
  const inBackground = (id: bigint, work: () => Promise<void>): void => {
    work().catch(async (error: unknown) => {
      log.error({ error: describeError(error) }, 'a re-rating stopped');
      await store.seeRerate(pool, id, 0, 0).catch(() => undefined);
    });
  };

  const find = async (programId: number, id: bigint): Promise<Outcome<store.Rerate>> => {
    const found = await store.findRerate(pool, programId, id);
    return found === undefined
      ? refuse('rerate_not_found', 'The program has no such re-rating.')
      : accept(found);
  };

  api.route(
    {
      method: 'POST',
      path: '/v1/rerates',
      scope: 'program:write',
      tag: 'Re-ratings',
      operation: 'createRerate',
      summary: 'Plan to decide the orders and activities of a period again',
      description:
        'Orders and activities that occurred in the period are decided again in the order in which they occurred, late ones in their place: by one version of the program, or by those in force at their time. Nothing is written to the ledger before the plan is applied.',
      program: true,
      body: z
        .strictObject({
          from: schemas.instant,
          to: schemas.instant.describe('The end, which is outside.'),
          version: z
            .int()
            .min(1)
            .optional()
            .describe('Left out: the version in force when each of them occurred.'),
          note: schemas.line(500, 'late orders of March'),
        })
        .refine(({ from, to }) => from < to, { path: ['to'], error: 'must be later than `from`' }),
      answers: { 202: rerateSchema },
      refusals: ['program_version_not_found'],
    },
    async ({ program, body }) => {
      const facts = (await ledger.directory.programs(pool, [program.id])).get(program.id) as ProgramInForce;
      if (body.version !== undefined && facts.program.versions[body.version - 1] === undefined)
        return refuse('program_version_not_found', `The program has no version ${body.version}.`);
      const id = ids.next();
      const wanted = {
        id,
        programId: program.id,
        from: body.from,
        to: body.to,
        version: body.version ?? null,
      };
      await store.insertRerate(pool, { ...wanted, note: body.note }, clock.now());
      const made = (await store.findRerate(pool, program.id, id)) as store.Rerate;
      inBackground(id, () => plan(deps, made));
      return { ok: true, status: 202, value: await shown(made) };
    },
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/rerates/{rerate}',
      scope: 'program:read',
      tag: 'Re-ratings',
      operation: 'getRerate',
      summary: 'How far a re-rating is, and what it changes',
      program: true,
      params: z.strictObject({ rerate: schemas.wireIdOf('rer') }),
      answers: { 200: rerateSchema },
      refusals: ['rerate_not_found'],
    },
    async ({ program, params }) => {
      const found = await find(program.id, params.rerate);
      return found.ok ? accept(await shown(found.value)) : found;
    },
  );

  api.route(
    {
      method: 'GET',
      path: '/v1/rerates/{rerate}/orders',
      scope: 'program:read',
      tag: 'Re-ratings',
      operation: 'listRerateOrders',
      summary: 'What a re-rating changes, member by member: orders and activities',
      program: true,
      params: z.strictObject({ rerate: schemas.wireIdOf('rer') }),
      query: schemas.pageQuery,
      answers: {
        200: schemas.page(
          z.strictObject({
            member: text,
            order: text.nullable().describe('Null: it is an activity.'),
            activity: text.nullable(),
            change,
            tier_before: text.nullable(),
            tier: text.nullable(),
            applied: text.nullable().describe('`ok`, the code of the refusal, or null: not tried yet.'),
            reversed: text.nullable(),
          }),
        ),
      },
      refusals: ['rerate_not_found'],
    },
    async ({ program, params, query }) => {
      const found = await find(program.id, params.rerate);
      if (!found.ok) return found;
      const [memberId, orderId] =
        query.cursor === undefined ? [0n, 0n] : (decodeIdsCursor(query.cursor, 2) ?? []);
      if (memberId === undefined || orderId === undefined) return foreignCursor();
      const [units, items] = await Promise.all([
        unitsOf(program.id),
        store.rerateItems(pool, found.value.id, { memberId, orderId }, query.limit),
      ]);
      const last = items.length === query.limit ? items.at(-1) : undefined;
      return accept({
        data: items.map(item => ({
          member: wireId('mem', BigInt(item.memberId)),
          order: item.activity === null ? wireId('ord', item.orderId) : null,
          activity: item.activity === null ? null : wireId('act', item.orderId),
          change: item.change.map(([unit, points]) => ({ unit: units[unit], points: String(points) })),
          tier_before: item.appliedBefore.tier,
          tier: item.applied.tier,
          applied: item.appliedAs,
          reversed: item.reversedAs,
        })),
        next: last === undefined ? null : encodeCursor(String(last.memberId), String(last.orderId)),
      });
    },
  );

  const step = (
    name: 'apply' | 'reverse',
    summary: string,
    from: readonly store.RerateState[],
    to: 'applying' | 'reversing',
  ) =>
    api.route(
      {
        method: 'POST',
        path: `/v1/rerates/{rerate}/${name}`,
        scope: 'program:write',
        tag: 'Re-ratings',
        operation: `${name}Rerate`,
        summary,
        description:
          'Goes on behind the answer, one order or activity after the other, each once. Asked for again it goes on where it was interrupted.',
        program: true,
        params: z.strictObject({ rerate: schemas.wireIdOf('rer') }),
        answers: { 202: rerateSchema },
        refusals: ['rerate_not_found', 'rerate_not_ready'],
      },
      async ({ program, params }) => {
        const found = await find(program.id, params.rerate);
        if (!found.ok) return found;
        const { id, state, seenAt } = found.value;
        const isInterrupted = state === to && clock.now() - seenAt > SILENCE;
        const { orders, activities } = await store.rerateSums(pool, id);
        const may = isInterrupted ? [...from, to] : from;
        if (!(await store.moveRerate(pool, id, may, to, clock.now(), orders + activities)))
          return refuse(
            'rerate_not_ready',
            `The re-rating is ${state}; this needs one that is ${from.join(' or ')}.`,
          );
        const moved = (await store.findRerate(pool, program.id, id)) as store.Rerate;
        inBackground(id, () => carryOut(deps, moved, to === 'applying' ? 'applied' : 'reversed'));
        return { ok: true, status: 202, value: await shown(moved) };
      },
    );
  step('apply', 'Carry out the plan of a re-rating', ['planned'], 'applying');
  step('reverse', 'Take a re-rating back', ['applied'], 'reversing');
}
