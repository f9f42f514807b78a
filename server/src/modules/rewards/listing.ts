import type { Pool, Tx } from '#platform/db/client.ts';
import { accept, type Outcome } from '#platform/errors.ts';
import { wireId } from '#platform/ids.ts';
import { loadTimeline } from '../earning/index.ts';
import { type Ledger, time } from '../ledger/index.ts';
import { factsOf, type MemberFacts } from '../members/index.ts';
import { type Audience, type Price, type ProgramVersion, type Reward, versionAt } from '../program/index.ts';
import { itemOf, priceFor, unavailability } from './catalogue.ts';
import { belongingOf, sinceOf } from './facts.ts';
import type { ProgramInForce } from './model.ts';
import * as stock from './stock.store.ts';
import { isOutdated, leftOf, shareOut } from './stock.ts';
import * as uses from './uses.store.ts';

interface Deps {
  readonly ledger: Ledger;
  readonly pool: Pool;
}

interface InForce {
  readonly programId: number;
  readonly now: number;
  readonly version: ProgramVersion;
}

async function inForce({ ledger }: Deps, tx: Tx, programId: number): Promise<InForce> {
  const facts = (await ledger.directory.programs(tx, [programId])).get(programId) as ProgramInForce;
  return { programId, now: facts.now, version: versionAt(facts.program, facts.now) };
}

/** What is left of each reward that has a stock, by its id. */
async function leftovers(tx: Tx, { programId, now, version }: InForce): Promise<Map<string, number>> {
  const stocked = [...version.rewards.values()].flatMap(reward => {
    const item = itemOf(reward);
    return item === null ? [] : { reward, programId, item, now };
  });
  if (stocked.length === 0) return new Map();
  const seen = await stock.read(tx, stocked);
  const lapsed = await stock.lapsedCounts(tx, stocked);
  return new Map(
    stocked.map(({ reward }, index) => {
      const supply = reward.stock === null ? null : { version: version.version, stock: reward.stock };
      const shards = seen.shards.get(index) ?? [];
      const shared = supply !== null && isOutdated(shards, supply) ? shareOut(shards, supply) : shards;
      return [reward.id, leftOf(shared, lapsed.get(index) ?? 0)];
    }),
  );
}

const priceToWire = ({ unit, points }: Price) => ({ unit: unit.name, points: String(points) });

const audienceToWire = ({ tiers, segments }: Audience) => ({
  tiers: tiers === null ? null : [...tiers],
  segments,
});

const rewardToWire = (reward: Reward, left: number | null) => ({
  id: reward.id,
  rule: reward.ref,
  name: reward.name,
  prices: reward.prices.map(price => ({
    ...audienceToWire(price),
    ...priceToWire(price),
  })),
  audience: reward.audience === null ? null : audienceToWire(reward.audience),
  gives: reward.told,
  from: time(reward.from),
  until: time(reward.until),
  left,
  limit: reward.limit === null ? null : { per_member: reward.limit.perMember, every: reward.limit.every },
  minimum: reward.minimum === null ? null : { order_total: String(reward.minimum) },
});

/** The catalogue in force, on one snapshot. */
export const listRewards = (deps: Deps, programId: number) =>
  deps.pool.snapshot(async tx => {
    const force = await inForce(deps, tx, programId);
    const left = await leftovers(tx, force);
    return {
      as_of: time(force.now),
      data: [...force.version.rewards.values()].map(reward =>
        rewardToWire(reward, left.get(reward.id) ?? null),
      ),
    };
  });

/** Every reward, and why a member cannot have it. */
export async function rewardsFor(
  deps: Deps,
  programId: number,
  member: string,
  orderTotal: bigint | null,
): Promise<Outcome<unknown>> {
  const balances = await deps.ledger.balances.now(programId, member);
  if (!balances.ok) return balances;
  const { holder, wallets } = balances.value;
  return deps.pool.snapshot(async tx => {
    const force = await inForce(deps, tx, programId);
    const rewards = [...force.version.rewards.values()];
    const left = await leftovers(tx, force);
    const used = await usedOf(tx, force, holder.id, rewards);
    const { now: at, version } = force;
    const question = { programId, memberId: holder.id, externalId: holder.externalId, at, version };
    const history = rewards.some(({ reads }) => reads.history);
    const timeline = await loadTimeline(tx, [{ ...question, history }]);
    const members = rewards.some(({ reads }) => reads.profile)
      ? await factsOf(tx, [{ programId, holderId: holder.id, at }], { profile: true, lists: [] })
      : new Map<string, MemberFacts>();
    const belonging = belongingOf({ timeline, members }, { reads: { tier: true } }, question);
    const data = rewards.map((reward, index) => {
      const reasons = unavailability(reward, {
        now: force.now,
        ...belonging,
        available: unit => wallets[unit]?.available ?? 0n,
        used: used.get(index) ?? 0,
        left: left.get(reward.id) ?? null,
        orderTotal,
      });
      const price = priceFor(reward, belonging);
      return {
        ...rewardToWire(reward, left.get(reward.id) ?? null),
        cost: price === undefined ? null : priceToWire(price),
        used: used.get(index) ?? 0,
        available: reasons.length === 0,
        reasons,
      };
    });
    return accept({
      member: wireId('mem', BigInt(holder.id)),
      external_id: holder.externalId,
      as_of: time(force.now),
      tier: belonging.tier,
      data,
    });
  });
}

const usedOf = (
  tx: Tx,
  { now, version }: InForce,
  memberId: number,
  rewards: readonly Reward[],
): Promise<Map<number, number>> =>
  uses.count(
    tx,
    rewards.map(reward => ({
      memberId,
      reward: reward.id,
      now,
      since: sinceOf(reward, now, version.timeZone),
    })),
  );
