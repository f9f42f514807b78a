import { readFileSync } from 'node:fs';
import { type Command, group, nearest } from './command.ts';
import { activitySendCommand, activityShowCommand } from './commands/activity.ts';
import { badgesAwardCommand, badgesListCommand, badgesWithdrawCommand } from './commands/badges.ts';
import { benchCommand } from './commands/bench.ts';
import { programBudgetsCommand } from './commands/budgets.ts';
import {
  casesConfirmCommand,
  casesListCommand,
  casesReleaseCommand,
  casesShowCommand,
} from './commands/cases.ts';
import { memberBadgesCommand, memberChallengesCommand } from './commands/challenges.ts';
import {
  draftApproveCommand,
  draftListCommand,
  draftPublishCommand,
  draftSaveCommand,
  draftShowCommand,
  draftWithdrawCommand,
} from './commands/drafts.ts';
import { entryWhyCommand } from './commands/entry.ts';
import { eventsCommand } from './commands/events.ts';
import { programHoldoutCommand } from './commands/holdout.ts';
import {
  householdAddCommand,
  householdCreateCommand,
  householdListCommand,
  householdRemoveCommand,
  householdShowCommand,
} from './commands/household.ts';
import { importOrdersCommand } from './commands/import-orders.ts';
import { keysCreateCommand, keysListCommand, keysRevokeCommand } from './commands/keys.ts';
import { listsShowCommand, listsUploadCommand } from './commands/lists.ts';
import { memberProfileCommand, memberShowCommand } from './commands/member.ts';
import { orderShowCommand } from './commands/order.ts';
import {
  programClockCommand,
  programListCommand,
  programSetCommand,
  programShowCommand,
} from './commands/program.ts';
import { programApplyCommand, programPromoteCommand } from './commands/program-apply.ts';
import { programBacktestCommand, programTiersCommand } from './commands/program-backtest.ts';
import { programDiffCommand, programExportCommand, programPlanCommand } from './commands/program-changes.ts';
import {
  rerateApplyCommand,
  reratePlanCommand,
  rerateReverseCommand,
  rerateShowCommand,
} from './commands/program-rerate.ts';
import { vouchersRetryAllCommand } from './commands/retrying.ts';
import { rewardListCommand, vouchersAddCommand, vouchersShowCommand } from './commands/rewards.ts';
import { vouchersRotateCommand } from './commands/rotate.ts';
import { startCommand } from './commands/start.ts';
import { sweepCommand } from './commands/sweep.ts';
import { tierEndCommand, tierGrantCommand, tierGrantsCommand, tierShowCommand } from './commands/tier.ts';
import { transferCommand } from './commands/transfer.ts';
import { verifyCommand } from './commands/verify.ts';
import { vouchersListCommand, vouchersRetryCommand, vouchersRevealCommand } from './commands/vouchers.ts';
import { Failure, usageFailure } from './failure.ts';
import type { Output } from './output.ts';

/** Every command there is. */
export const fealty = group('', 'Loyalty points on a ledger that can be proved', {
  start: startCommand,
  program: group('program', 'Show, publish and steer programs', {
    list: programListCommand,
    show: programShowCommand,
    set: programSetCommand,
    plan: programPlanCommand,
    apply: programApplyCommand,
    diff: programDiffCommand,
    export: programExportCommand,
    promote: programPromoteCommand,
    draft: group('program draft', 'Drafts that are reviewed before they are published', {
      list: draftListCommand,
      show: draftShowCommand,
      save: draftSaveCommand,
      approve: draftApproveCommand,
      publish: draftPublishCommand,
      withdraw: draftWithdrawCommand,
    }),
    clock: programClockCommand,
    budgets: programBudgetsCommand,
    holdout: programHoldoutCommand,
    tiers: programTiersCommand,
    backtest: programBacktestCommand,
    rerate: group('program rerate', 'Decide the past again, by compensating entries', {
      plan: reratePlanCommand,
      show: rerateShowCommand,
      apply: rerateApplyCommand,
      reverse: rerateReverseCommand,
    }),
  }),
  import: group('import', 'Take over files', { orders: importOrdersCommand }),
  member: group('member', 'Look up members and keep their profiles', {
    show: memberShowCommand,
    profile: memberProfileCommand,
    challenges: memberChallengesCommand,
    badges: memberBadgesCommand,
  }),
  lists: group('lists', 'Uploaded lists of members', { show: listsShowCommand, upload: listsUploadCommand }),
  activity: group('activity', 'What members do besides buying', {
    send: activitySendCommand,
    show: activityShowCommand,
  }),
  order: group('order', 'Look up orders', { show: orderShowCommand }),
  reward: group('reward', 'Look up rewards', { list: rewardListCommand }),
  vouchers: group('vouchers', 'Codes that are handed out as rewards', {
    add: vouchersAddCommand,
    show: vouchersShowCommand,
    list: vouchersListCommand,
    reveal: vouchersRevealCommand,
    retry: vouchersRetryCommand,
    'retry-all': vouchersRetryAllCommand,
    rotate: vouchersRotateCommand,
  }),
  tier: group('tier', 'Tiers of members, and those that are given by hand', {
    show: tierShowCommand,
    grant: tierGrantCommand,
    end: tierEndCommand,
    grants: tierGrantsCommand,
  }),
  badges: group('badges', 'Badges that are awarded by hand', {
    award: badgesAwardCommand,
    withdraw: badgesWithdrawCommand,
    list: badgesListCommand,
  }),
  transfer: transferCommand,
  household: group('household', 'Members who share a wallet', {
    create: householdCreateCommand,
    add: householdAddCommand,
    remove: householdRemoveCommand,
    show: householdShowCommand,
    list: householdListCommand,
  }),
  cases: group('cases', 'Members who earned too fast', {
    list: casesListCommand,
    show: casesShowCommand,
    release: casesReleaseCommand,
    confirm: casesConfirmCommand,
  }),
  entry: group('entry', 'Look up entries of the ledger', { why: entryWhyCommand }),
  sweep: sweepCommand,
  events: eventsCommand,
  verify: verifyCommand,
  keys: group('keys', 'Keys for the API', {
    list: keysListCommand,
    create: keysCreateCommand,
    revoke: keysRevokeCommand,
  }),
  bench: benchCommand,
});

/**
 * Runs what was typed and answers the exit code: 0 done, 1 failed, 2 typed wrongly. A Failure is told on stderr, and with
 * `--json` on stdout too; anything else that is thrown is a fault of this program.
 */
export async function run(typed: readonly string[], output: Output): Promise<number> {
  try {
    return await obey(typed, output);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    output.note(error.message);
    if (typed.includes('--json'))
      output.result({ ok: false, message: error.message, ...error.details }, () => '');
    return error.exitCode;
  }
}

async function obey(typed: readonly string[], output: Output): Promise<number> {
  if (typed[0] === '--version' || typed[0] === '-v') {
    output.text(version());
    return 0;
  }
  const { command, rest } = find(fealty, typed);
  if (!command.run || isHelp(command, rest)) {
    if (!command.run && !isHelp(command, rest)) throw nothingToRun(command, rest);
    output.text(command.help);
    return 0;
  }
  return command.run(rest, output);
}

/** Follows the words into the groups: `import orders x.csv` -> the command `import orders` and `x.csv`. */
function find(command: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  const [word, ...rest] = words;
  const next = word === undefined ? undefined : command.commands?.[word];
  return next ? find(next, rest) : { command, rest: words };
}

function isHelp(command: Command, rest: readonly string[]): boolean {
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  return own.includes('--help') || own.includes('-h') || (!command.run && own[0] === 'help');
}

function nothingToRun(command: Command, rest: readonly string[]): Failure {
  const words = Object.keys(command.commands ?? {});
  const name = `fealty ${command.name}`.trim();
  const [word] = rest;
  if (word === undefined)
    return usageFailure(`${name} needs one of: ${words.join(', ')}. See ${name} --help.`);
  const close = nearest(word, words);
  const hint = close === undefined ? `It has: ${words.join(', ')}.` : `Did you mean ${close}?`;
  return usageFailure(`${name} has no command ${word}. ${hint} See ${name} --help.`);
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
