import { setTimeout as sleep } from 'node:timers/promises';
import { type Event, listEvents } from '@fealty/sdk';
import { openApi } from '../api.ts';
import { program } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { wholeNumber } from '../numbers.ts';
import { shortTime } from '../output.ts';
import { stopOnSignals } from '../signals.ts';

const PAGE = 1_000;
/** How long `--follow` waits when there was nothing new. */
const POLL_MS = 1_000;

export const eventsCommand: Command = command({
  name: 'events',
  summary: 'Print what happened in a program, in order of commit',
  args: {
    program,
    after: {
      type: 'string',
      valueHint: 'CURSOR',
      description: 'Only what came after; by default from the beginning',
    },
    follow: { type: 'boolean', alias: 'f', description: 'Go on with what is new, until Ctrl-C' },
    limit: { type: 'string', valueHint: 'N', description: 'Stop after so many; by default at the end' },
  },
  examples: [
    { command: './fealty events --program shop --limit 20', does: 'the first twenty' },
    {
      command: './fealty events --program shop --follow --json | my-consumer',
      does: 'a line of JSON for each, as they come',
    },
  ],
  notes: ['With --json each event is one line. The cursor to go on from is the last line on stderr.'],
  async run(values, output) {
    const { client, ask } = openApi(values.program);
    const limit =
      values.limit === undefined ? Number.POSITIVE_INFINITY : wholeNumber('--limit', values.limit, 1, 1e9);
    const stopping = stopOnSignals(() => undefined);
    let after = values.after;
    let left = limit;
    while (left > 0 && !stopping.signal.aborted) {
      const page = await ask(listEvents({ client, query: { after, limit: Math.min(left, PAGE) } }));
      for (const event of page.data) output.row(event, () => eventText(event));
      await output.drained();
      left -= page.data.length;
      after = page.next;
      if (page.data.length > 0) continue;
      if (!values.follow) break;
      // Aborted by Ctrl-C, which the loop looks at next.
      await sleep(POLL_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    stopping.off();
    if (after !== undefined) output.note(`Go on with --after ${after}`);
    return stopping.signal.aborted ? stopping.exitCode() : 0;
  },
});

function eventText({ booked_at, type, member, data }: Event): string {
  return `${shortTime(booked_at)}  ${type}  ${member}  ${JSON.stringify(data)}`;
}
