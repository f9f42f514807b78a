import { openChannels } from './channel.ts';
import { requestText } from './exchanges.ts';
import { Histogram } from './histogram.ts';
import type { RaceJob, RaceResult } from './job.ts';

const PATIENCE_MS = 30_000;

/** Sends every request on a connection of its own, all at the same moment, and waits for all answers. */
export async function race(job: RaceJob, onBegin: () => void, onEnd: () => void): Promise<RaceResult> {
  const channels = await openChannels(job.port, job.requests);
  const latencies = new Histogram();
  const answers: Record<string, number> = {};
  const requests = channels.map((_, number) => {
    const body = JSON.stringify({
      external_id: `${job.run}-${number}`,
      member: `ext:${job.member}`,
      points: String(job.points),
      capture: true,
    });
    return Buffer.from(requestText(job, { method: 'POST', path: '/v1/redemptions', body }), 'latin1');
  });
  onBegin();
  const started = performance.now();
  let open = channels.length;
  await new Promise<void>((resolve, reject) => {
    const patience = setTimeout(
      () => reject(new Error(`${open} redemptions were not answered`)),
      PATIENCE_MS,
    );
    for (const [number, channel] of channels.entries()) {
      channel.onBroken = reject;
      channel.onResponse = (status, body) => {
        latencies.record(performance.now() - started);
        const code = /"code":"(\w+)"/.exec(body.toString('latin1', 0, 2_000))?.[1];
        const answer = code === undefined ? `${status}` : `${status} ${code}`;
        answers[answer] = (answers[answer] ?? 0) + 1;
        open -= 1;
        if (open > 0) return;
        clearTimeout(patience);
        resolve();
      };
      channel.send(requests[number]!);
    }
  });
  const seconds = (performance.now() - started) / 1000;
  onEnd();
  for (const channel of channels) channel.close();
  return { seconds, latencies: latencies.stored(), answers };
}
