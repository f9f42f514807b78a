import { readFileSync } from 'node:fs';
import {
  addVoucherCodes,
  getVoucherPool,
  listMemberRewards,
  listRewards,
  type MemberReward,
  type Reward,
} from '@fealty/sdk';
import { openApi } from '../api.ts';
import { program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { Failure, usageFailure } from '../failure.ts';
import { grouped, list, table } from '../output.ts';

/** Codes that go in one call. */
const CODES_A_CALL = 10_000;

export const rewardListCommand: Command = command({
  name: 'reward list',
  summary: 'Show the catalogue of rewards, or what of it a member can have',
  args: {
    program,
    member: {
      type: 'string',
      valueHint: 'MEMBER',
      description: 'For this member: ext: and your own id, or mem_...',
    },
    'order-total': {
      type: 'string',
      valueHint: 'AMOUNT',
      description: 'With --member: the total of the order, in minor units',
    },
  },
  examples: [
    { command: './fealty reward list --program shop', does: 'prices, and what is left' },
    {
      command: './fealty reward list --program shop --member ext:42 --order-total 5000',
      does: 'what the member can have for an order of 50.00, and why not the rest',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const { member } = values;
    const total = values['order-total'];
    if (member === undefined) {
      if (total !== undefined) throw usageFailure('--order-total needs --member.');
      const { data } = await ask(listRewards({ client }));
      output.result(data, () => (data.length === 0 ? NONE : catalogueTable(data)));
      return undefined;
    }
    const answer = await ask(listMemberRewards({ client, path: { member }, query: { order_total: total } }));
    output.result(answer, () => (answer.data.length === 0 ? NONE : memberTable(answer.data)));
    return undefined;
  },
});

const NONE = 'The program has no rewards.';

const priceOf = ({ unit, points }: { unit: string; points: string }): string => `${grouped(points)} ${unit}`;

/** What a reward gives, in a few words. */
function givesText({ gives }: Pick<Reward, 'gives'>): string {
  if (gives.points !== undefined) return priceOf(gives.points);
  const [[name, value] = ['', '']] = Object.entries(gives);
  return `${name.replace('_', ' ')} ${value}`;
}

/** `gold/silver & students: `; nothing in front of what everybody pays. */
function forWhom({ tiers, segments }: Reward['prices'][number]): string {
  const named = [tiers, segments].flatMap(names => (names === null ? [] : names.join('/')));
  return named.length === 0 ? '' : `${named.join(' & ')}: `;
}

const catalogueTable = (rewards: readonly Reward[]): string =>
  table(
    ['reward', 'gives', 'costs', 'left'],
    rewards.map(reward => [
      reward.id,
      givesText(reward),
      reward.prices.map(price => `${forWhom(price)}${priceOf(price)}`).join(', '),
      reward.left === null ? '' : grouped(String(reward.left)),
    ]),
  );

const memberTable = (rewards: readonly MemberReward[]): string =>
  table(
    ['reward', 'gives', 'costs', 'available', 'reasons'],
    rewards.map(reward => [
      reward.id,
      givesText(reward),
      reward.cost === null ? '' : priceOf(reward.cost),
      reward.available ? 'yes' : 'no',
      reward.reasons.map(({ code }) => code).join(', '),
    ]),
  );

export const vouchersAddCommand: Command = command({
  name: 'vouchers add',
  summary: 'Add the codes of a file to a pool of vouchers',
  args: {
    pool: { type: 'positional', description: 'The name of the pool', required: true },
    file: {
      type: 'string',
      valueHint: 'FILE',
      description: 'A code on each line; - for standard input',
      required: true,
    },
    program,
  },
  examples: [
    {
      command: './fealty vouchers add cinema --program shop --file codes.txt',
      does: 'codes that the pool has already are left as they are',
    },
  ],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const codes = readCodes(values.file);
    const path = { pool: values.pool };
    let added = 0;
    for (let from = 0; from < codes.length; from += CODES_A_CALL) {
      const body = { codes: codes.slice(from, from + CODES_A_CALL) };
      added += (await ask(addVoucherCodes({ client, path, body }))).added;
    }
    const pool = await ask(getVoucherPool({ client, path }));
    const result = { added, known: codes.length - added, pool };
    output.result(result, () =>
      list([
        ['Added', grouped(String(added))],
        ['Known', grouped(String(codes.length - added))],
        ['Left in the pool', grouped(String(pool.left))],
      ]),
    );
  },
});

export const vouchersShowCommand: Command = command({
  name: 'vouchers show',
  summary: 'Show how many codes of a pool are left',
  args: { pool: { type: 'positional', description: 'The name of the pool', required: true }, program },
  examples: [{ command: './fealty vouchers show cinema --program shop', does: 'never shows a code' }],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const pool = await ask(getVoucherPool({ client, path: { pool: values.pool } }));
    output.result(pool, () =>
      list([
        ['Codes', grouped(String(pool.codes))],
        ['Handed out', grouped(String(pool.handed_out))],
        ['Refunded', grouped(String(pool.returned))],
        ['Left', grouped(String(pool.left))],
      ]),
    );
  },
});

/** The codes of a file, one on each line; empty lines are left out. */
function readCodes(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new Failure(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
  const codes = text.split('\n').flatMap(line => line.trim() || []);
  if (codes.length === 0) throw new Failure(`${file} has no codes.`);
  return codes;
}
