import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stopChild } from './engine.ts';
import type { Job, JobResult, Message, RaceJob, RaceResult, Request } from './job.ts';

const GENERATOR = fileURLToPath(new URL('./generator.ts', import.meta.url));

/** Called at the beginning and at the end of the measured time. */
export interface Moments {
  begins(): void;
  ends(): void;
}

/** The load generator's process, seen from its parent. */
export class LoadGenerator {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static start(): Promise<LoadGenerator> {
    const child = fork(GENERATOR, { serialization: 'advanced', execArgv: [] });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', code => reject(new Error(`the load generator ended with ${code}`)));
      child.once('message', () => resolve(new LoadGenerator(child)));
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  run(job: Job, moments?: Moments): Promise<JobResult>;
  run(job: RaceJob, moments?: Moments): Promise<RaceResult>;
  run(job: Request, moments?: Moments): Promise<JobResult | RaceResult> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        child.off('message', onMessage);
        child.off('exit', onExit);
        finish();
      };
      const onExit = () => settle(() => reject(new Error('the load generator ended')));
      const onMessage = (message: Message) => {
        if (message.tells === 'begins') moments?.begins();
        else if (message.tells === 'ends') moments?.ends();
        else if (message.tells === 'result') settle(() => resolve(message.result));
        else if (message.tells === 'failure') settle(() => reject(new Error(message.reason)));
      };
      child.on('message', onMessage);
      child.once('exit', onExit);
      child.send(job);
    });
  }

  async stop(): Promise<void> {
    await stopChild(this.#child);
  }
}
