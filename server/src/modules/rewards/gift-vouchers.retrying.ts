import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Ledger } from '../ledger/index.ts';
import { giftCommand } from './gift-vouchers.giving.ts';
import { countRefusedGiftVouchers, type RefusedBy, refusedGiftVouchers } from './gift-vouchers.store.ts';
import type { GiftAnswer } from './gift-vouchers.wire.ts';
import type { ProgramInForce } from './model.ts';

/** What became of a page of vouchers that were refused. Each is counted once. */
export interface Retried {
  tried: number;
  given: number;
  /** Nothing refuses them any more, and their pools are empty. */
  waiting: number;
  /** How many are still refused, by the reason. */
  refused: Map<string, number>;
  /** Given by somebody else or withdrawn in between. */
  meanwhile: number;
  /** Refused ones behind this page. */
  left: number;
  /** The last one that was tried; null where nothing is behind it. */
  last: bigint | null;
}

/** A name that no version ever had is a slip of the pen: it must not look as if nothing were left. */
async function never({ ledger, pool }: Deps, { programId, campaign, reward }: RefusedBy) {
  const { program } = (await ledger.directory.programs(pool, [programId])).get(programId) as ProgramInForce;
  const { versions } = program;
  if (campaign !== null && !versions.some(({ campaigns }) => campaigns.some(({ id }) => id === campaign)))
    return refuse('campaign_unknown', `No version of the program has a campaign "${campaign}".`);
  if (reward !== null && !versions.some(({ rewards }) => rewards.has(reward)))
    return refuse('reward_unknown', `No version of the program has a reward "${reward}".`);
  return undefined;
}

interface Deps {
  readonly ledger: Ledger;
  readonly pool: Pool;
}

/**
 * Tries the longest refused vouchers again, at most `most`. Nothing is kept about the page: what is given is not refused any
 * more, so it can be interrupted or run twice, by several at once too, and gives nothing twice.
 */
export async function retryRefused(
  deps: Deps,
  wanted: RefusedBy,
  most: number,
  dryRun: boolean,
): Promise<Outcome<Retried>> {
  const { ledger, pool } = deps;
  const unknown = await never(deps, wanted);
  if (unknown !== undefined) return unknown;
  const page = await refusedGiftVouchers(pool, wanted, most);
  const outcomes = await ledger.run<GiftAnswer>(
    page.map(({ id, memberId }) => giftCommand(wanted.programId, memberId, { step: 'retry', id })),
    dryRun,
  );
  const after = page.at(-1)?.id ?? wanted.after;
  const left = page.length < most ? 0 : await countRefusedGiftVouchers(pool, { ...wanted, after });
  const done: Retried = {
    tried: page.length,
    given: 0,
    waiting: 0,
    refused: new Map(),
    meanwhile: 0,
    left,
    last: left === 0 ? null : after,
  };
  for (const outcome of outcomes) {
    if (outcome.ok) {
      const { voucher, changed } = outcome.value.answer();
      done[!changed ? 'meanwhile' : voucher.state === 'issued' ? 'given' : 'waiting'] += 1;
    } else if (outcome.refusal.code === 'voucher_withdrawn') done.meanwhile += 1;
    else if (outcome.refusal.code === 'reward_unavailable')
      for (const { code } of outcome.refusal.reasons ?? [])
        done.refused.set(code, (done.refused.get(code) ?? 0) + 1);
    // The engine's own fault: what was done is done, and the call can be sent again.
    else return outcome;
  }
  return accept(done);
}
