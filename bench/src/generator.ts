// The load generator: a process of its own, so that its processor time is counted apart from what it measures.
// It takes one job at a time from its parent and ends with it.
import { openChannels } from './channel.ts';
import { exchangeOf } from './exchanges.ts';
import { follow } from './follow.ts';
import type { Job, JobResult, Message, Request } from './job.ts';
import { runLoop } from './loops.ts';
import { race } from './race.ts';
import { Recorder } from './recorder.ts';

const tell = (message: Message): void => void process.send?.(message);

async function load(job: Job): Promise<JobResult> {
  const channels = await Promise.all(job.streams.map(stream => openChannels(job.port, stream.connections)));
  const started = performance.now();
  const from = started + job.warmup * 1000;
  const window = { from, to: from + job.seconds * 1000 };
  const follower = job.follow === true ? await follow(job, window) : undefined;
  const timers = [
    setTimeout(tell, job.warmup * 1000, { tells: 'begins' }),
    setTimeout(tell, (job.warmup + job.seconds) * 1000, { tells: 'ends' }),
  ];
  const recorders = job.streams.map(stream => new Recorder(stream, window));
  try {
    await Promise.all(
      job.streams.map((stream, index) =>
        runLoop({
          stream,
          channels: channels[index]!,
          recorder: recorders[index]!,
          exchange: () => exchangeOf(job, stream),
          from: started,
          until: window.to,
          onAnswered: follower?.onAnswered,
        }),
      ),
    );
    const streams = recorders.map(recorder => recorder.result());
    if (follower !== undefined) streams.push(await follower.finish());
    return { seconds: Math.min(job.seconds, (performance.now() - from) / 1000), streams };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    for (const channel of channels.flat()) channel.close();
  }
}

const carryOut = (request: Request) =>
  request.kind === 'load'
    ? load(request)
    : race(
        request,
        () => tell({ tells: 'begins' }),
        () => tell({ tells: 'ends' }),
      );

process.on('message', (request: Request) => {
  carryOut(request).then(
    result => tell({ tells: 'result', result }),
    error => tell({ tells: 'failure', reason: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
// The parent stops its children in order; a Ctrl-C reaches the whole group.
process.on('SIGINT', () => undefined);
tell({ tells: 'ready' });
