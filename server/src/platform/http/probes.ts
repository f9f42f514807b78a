import type { Metrics } from '../observe/metrics.ts';
import type { Answers } from './answers.ts';
import type { Router } from './router.ts';

/** Says whether something that requests need is there: undefined if so, else what is wrong in a few words. */
export type ReadinessCheck = () => Promise<string | undefined>;

/** A check that takes longer than this counts as failed; a balancer gives up at about that time as well. */
const CHECK_MS = 2_000;

export interface Probes {
  /** Adds what `/readyz` asks; `name` is shown. */
  addReadiness(name: string, check: ReadinessCheck): void;
  stopping: boolean;
}

/** `/livez`: the process answers. `/readyz`: everything that requests need is there. `/metrics`: Prometheus. */
export function registerProbes(router: Router, answers: Answers, metrics: Metrics): Probes {
  const checks = new Map<string, ReadinessCheck>();
  const probes: Probes = {
    stopping: false,
    addReadiness(name, check) {
      if (checks.has(name)) throw new Error(`two readiness checks are named ${name}`);
      checks.set(name, check);
    },
  };
  router.open('/livez', (request, reply) => answers.json(request, reply, 200, '{"status":"alive"}'));
  router.open('/readyz', async (request, reply) => {
    if (probes.stopping)
      return answers.refusal(request, reply, { code: 'stopping', detail: 'The engine is stopping.' });
    const failed = (await Promise.all([...checks].map(([name, check]) => runCheck(name, check)))).filter(
      reason => reason !== undefined,
    );
    if (failed.length === 0)
      return answers.json(
        request,
        reply,
        200,
        JSON.stringify({ status: 'ready', checks: [...checks.keys()] }),
      );
    answers.refusal(request, reply, {
      code: 'not_ready',
      detail: `Not ready: ${failed.map(reason => reason.check).join(', ')}.`,
      reasons: failed,
    });
  });
  router.open('/metrics', async (request, reply) =>
    answers.page(request, reply, metrics.contentType, await metrics.text()),
  );
  return probes;
}

type Failed = { code: 'check_failed'; check: string; problem: string };

async function runCheck(name: string, check: ReadinessCheck): Promise<Failed | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>(resolve => {
    timer = setTimeout(resolve, CHECK_MS, `no answer within ${CHECK_MS / 1_000} seconds`);
  });
  // What was thrown may name hosts or users; the log of whoever threw it has the reason.
  const problem = await Promise.race([check().catch(() => 'failed'), late]);
  clearTimeout(timer);
  return problem === undefined ? undefined : { code: 'check_failed', check: name, problem };
}
