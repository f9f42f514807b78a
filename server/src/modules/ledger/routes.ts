import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import { decodeCursor, encodeCursor, foreignCursor } from '#platform/http/cursors.ts';
import * as schemas from '#platform/http/schemas.ts';
import { hash128, wireId } from '#platform/ids.ts';
import type { AdjustmentBody } from './adjustments.store.ts';
import type { AdjustmentAnswer } from './adjustments.ts';
import { carryOutKeyed, memberText, sameForm } from './calls.ts';
import type { Holder } from './commands.ts';
import { parseEntryId } from './entry-ids.ts';
import { holderOf, walletId } from './model.ts';
import type { Ledger, SweepReport } from './service.ts';
import * as store from './store.ts';
import { effectsShape, entryOf, entrySchema, time, walletOf, walletSchema } from './wire.ts';

const text = z.string();
const sum = text.meta({ pattern: '^-?[0-9]+$' });
const memberParams = z.strictObject({ member: schemas.reference('mem') });

const YEAR_1900 = Date.UTC(1900, 0, 1);

const prefixes: Readonly<Record<string, string>> = {
  order: 'ord',
  return: 'ret',
  order_event: 'oev',
  activity: 'act',
  referral_payment: 'rfp',
  case_decision: 'cde',
  redemption: 'red',
  redemption_change: 'rch',
  transfer: 'trf',
  household_change: 'hch',
  adjust: 'adj',
  settle: 'stl',
};
const commandId = (entry: store.StoredEntry): string => wireId(prefixes[entry.command] ?? 'cmd', entry.tx);

export const ledgerRoutes =
  ({ ledger, pool }: { ledger: Ledger; pool: Pool }) =>
  (api: Api): void => {
    const find = (program: { id: number }, reference: schemas.Reference): Promise<Outcome<Holder>> =>
      ledger.directory.find(program.id, memberText(reference));
    const balancesAt = async (program: { id: number }, reference: schemas.Reference, instant: number) => {
      const holder = await find(program, reference);
      if (!holder.ok) return holder;
      if (instant > (await factsOf(program.id)).now) {
        const detail = 'The instant lies in the future of the program. Leave as_of out for the balance now.';
        return refuse('as_of_in_future', detail);
      }
      const balances = await ledger.balances.at(program.id, holder.value.id, instant);
      return accept({ ...balances, holder: holder.value });
    };
    const factsOf = async (programId: number) => {
      const facts = (await ledger.directory.programs(pool, [programId])).get(programId);
      if (facts === undefined) throw new Error(`program ${programId} is gone`);
      return facts;
    };

    api.route(
      {
        method: 'GET',
        path: '/v1/members/{member}/balances',
        scope: 'members:read',
        tag: 'Members',
        operation: 'getBalances',
        summary: 'The balances of a member, now or as they were',
        description:
          'Strongly consistent: every write that was answered before is in it. `as_of` answers by the time of booking: what would have been answered then.',
        program: true,
        params: memberParams,
        query: z.strictObject({ as_of: schemas.instant.optional(), expiring: schemas.flag.optional() }),
        answers: {
          200: z.strictObject({
            member: text,
            external_id: text,
            as_of: schemas.instant,
            balances: z.array(walletSchema),
          }),
        },
        refusals: ['member_not_found', 'as_of_in_future'],
      },
      async ({ program, params, query }) => {
        const answer =
          query.as_of === undefined
            ? await ledger.balances.now(program.id, memberText(params.member), query.expiring)
            : await balancesAt(program, params.member, query.as_of);
        if (!answer.ok) return answer;
        const { now, units, wallets, holder } = answer.value;
        const balances = wallets.map((wallet, unit) =>
          walletOf(wallet, units[unit] as string, query.expiring === true),
        );
        return accept({
          member: wireId('mem', BigInt(holder.id)),
          external_id: holder.externalId,
          as_of: time(now),
          balances,
        });
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/members/{member}/entries',
        scope: 'members:read',
        tag: 'Members',
        operation: 'listEntries',
        summary: 'The history of a member, newest first',
        program: true,
        params: memberParams,
        query: schemas.pageQuery.extend({ unit: text.max(32).optional() }),
        answers: { 200: schemas.page(entrySchema) },
        refusals: ['member_not_found', 'unit_unknown'],
      },
      async ({ program, params, query }) => {
        const holder = await find(program, params.member);
        if (!holder.ok) return holder;
        const { units } = await factsOf(program.id);
        const wanted = query.unit === undefined ? units.map((_, unit) => unit) : [units.indexOf(query.unit)];
        if (wanted.includes(-1))
          return refuse('unit_unknown', `The program counts ${units.join(', ')}, not ${query.unit}.`);
        const before = placeOf(query.cursor);
        if (before === undefined) return foreignCursor();
        const rows = await store.history(
          pool,
          wanted.map(unit => walletId(holder.value.id, unit)),
          before,
          query.limit,
        );
        const last = rows.length === query.limit ? rows.at(-1) : undefined;
        const next =
          last === undefined
            ? null
            : encodeCursor(String(last.bookedAt), String(last.wallet), String(last.seq));
        return accept({ data: rows.map(entry => entryOf(entry, units, commandId(entry))), next });
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/entries/{entry}',
        scope: 'members:read',
        tag: 'Members',
        operation: 'explainEntry',
        summary: 'One entry, and why it is what it is',
        program: true,
        params: z.strictObject({ entry: text.max(40) }),
        answers: { 200: entrySchema.extend({ member: text, why: z.record(text, z.unknown()) }) },
        refusals: ['entry_not_found'],
      },
      async ({ program, params }) => {
        const place = parseEntryId(params.entry);
        const missing = refuse('entry_not_found', 'There is no entry with this id in the program.');
        if (place === undefined) return missing;
        const { units } = await factsOf(program.id);
        return pool.snapshot(async tx => {
          const [entry] = await store.entriesOf(tx, [[place.wallet, place.seq, place.seq]]);
          const [wallet] = await store.wallets(tx, [place.wallet]);
          if (entry === undefined || wallet?.programId !== program.id) return missing;
          const why = (await ledger.explainers.get(entry.command)?.(tx, entry.tx, entry)) ?? {};
          return accept({
            ...entryOf(entry, units, commandId(entry)),
            member: wireId('mem', BigInt(holderOf(entry.wallet))),
            why,
          });
        });
      },
    );

    api.route(
      {
        method: 'POST',
        path: '/v1/members/{member}/adjustments',
        scope: 'points:adjust',
        tag: 'Members',
        operation: 'createAdjustment',
        summary: 'Give or take points by hand',
        program: true,
        dryRun: true,
        params: memberParams,
        body: z.strictObject({
          external_id: schemas.externalId,
          source: schemas.sourceName.optional(),
          unit: text.max(32).optional(),
          points: schemas.signedAmount.refine(points => points !== 0n, 'must not be 0'),
          reason: schemas.line(200, 'goodwill for a late parcel'),
          // No program's clock stands before 1900.
          expires_at: schemas.instant.refine(at => at >= YEAR_1900, 'must not be before 1900').optional(),
        }),
        answers: {
          200: adjustmentAnswer,
          201: adjustmentAnswer,
        },
        refusals: [
          'member_not_found',
          'unit_unknown',
          'insufficient_balance',
          'points_out_of_range',
          'key_reused',
          'source_not_allowed',
        ],
      },
      call =>
        carryOutKeyed<AdjustmentAnswer>(ledger, call, async source => {
          const { program, params, body } = call;
          const member = await sameForm(ledger, program.id, params.member);
          if (!member.ok) return member;
          const adjustment: AdjustmentBody = {
            externalId: body.external_id,
            source,
            unit: body.unit ?? null,
            points: body.points,
            reason: body.reason,
            expiresAt: body.expires_at ?? null,
          };
          const payload = hash128(
            member.value,
            adjustment.unit ?? '',
            String(body.points),
            body.reason,
            String(adjustment.expiresAt),
          );
          const { externalId } = adjustment;
          return accept({ type: 'adjust', externalId, member: member.value, payload, body: adjustment });
        }),
    );

    api.route(
      {
        method: 'POST',
        path: '/v1/programs/{program}/sweep',
        scope: 'program:write',
        tag: 'Programs',
        operation: 'sweepProgram',
        summary: 'Do everything that has fallen due',
        description:
          'Expiry, activation, the end of holds, and reminders of points that are about to expire. The scheduler does the same by itself; balances are right without it.',
        params: z.strictObject({ program: schemas.programName }),
        answers: {
          200: z.strictObject({
            wallets: z.int(),
            entries: z.int(),
            expired: z.record(text, sum),
            activated: z.record(text, sum),
            released: z.record(text, sum),
          }),
        },
        refusals: ['program_not_found'],
      },
      async ({ params, credentials }) => {
        if (credentials.program !== null && credentials.program !== params.program)
          return refuse('forbidden', 'The key is bound to another program.');
        const found = await ledger.directory.programNamed(params.program);
        if (found === undefined) return refuse('program_not_found', 'There is no program with this name.');
        const report = await ledger.sweep([found]);
        await ledger.remind(found);
        return accept(sweepOf(report, found.units));
      },
    );

    api.route(
      {
        method: 'POST',
        path: '/v1/verify',
        scope: 'ledger:verify',
        tag: 'Ledger',
        operation: 'verifyLedger',
        summary: 'Prove that entries, lots, wallets, totals, events and the chain agree',
        body: z.strictObject({ program: schemas.programName.optional() }),
        answers: { 200: verifyAnswer },
        refusals: ['program_not_found'],
      },
      async ({ body, credentials }) => {
        const name = credentials.program ?? body.program;
        if (
          credentials.program !== null &&
          body.program !== undefined &&
          body.program !== credentials.program
        )
          return refuse('forbidden', 'The key is bound to another program.');
        const found = name === undefined ? undefined : await ledger.directory.programNamed(name);
        if (name !== undefined && found === undefined)
          return refuse('program_not_found', 'There is no program with this name.');
        return accept(await ledger.verify(found?.id ?? null));
      },
    );
  };

const adjustmentAnswer = z
  .strictObject({
    known: z.boolean(),
    adjustment: z.strictObject({ id: text, external_id: text, source: text, points: sum, reason: text }),
    ...effectsShape,
  })
  .meta({ id: 'AdjustmentAnswer' });

const verifyAnswer = z
  .strictObject({
    ok: z.boolean(),
    checks: z.array(
      z.strictObject({
        name: text,
        title: text,
        ok: z.boolean(),
        checked: z.int(),
        differences: z.array(text),
      }),
    ),
    liability: z.array(
      z.strictObject({
        program_id: z.int(),
        unit: z.int(),
        wallets: z.int(),
        available: sum,
        pending: sum,
        held: sum,
      }),
    ),
    chain: z.strictObject({ seals: z.int(), batches: z.int(), unsealed: z.int(), head: text }),
  })
  .meta({ id: 'Verification' });

/** Where a page of the history goes on; undefined for a cursor of something else. */
function placeOf(
  cursor: string | undefined,
): { bookedAt: number | null; wallet: number; seq: number } | undefined {
  if (cursor === undefined) return { bookedAt: null, wallet: 0, seq: 0 };
  const [bookedAt, wallet, seq] = (decodeCursor(cursor, 3) ?? []).map(Number);
  if (!isWithin(bookedAt, FIRST_INSTANT, LAST_INSTANT)) return undefined;
  if (!isWithin(wallet, 0, Number.MAX_SAFE_INTEGER) || !isWithin(seq, 0, MAX_SEQ)) return undefined;
  return { bookedAt, wallet, seq };
}

/** What an instant of a year with four digits and the database's integer can say. */
const MAX_SEQ = 2 ** 31 - 1;
const FIRST_INSTANT = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');
const isWithin = (value: number | undefined, lowest: number, highest: number): value is number =>
  value !== undefined && Number.isInteger(value) && value >= lowest && value <= highest;

const sweepOf = (report: SweepReport, units: readonly string[]) => {
  const named = (points: ReadonlyMap<number, bigint>) =>
    Object.fromEntries([...points].map(([unit, value]) => [units[unit] as string, String(value)]));
  return {
    wallets: report.wallets,
    entries: report.entries,
    expired: named(report.expired),
    activated: named(report.activated),
    released: named(report.released),
  };
};
