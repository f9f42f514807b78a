import { Worker } from 'node:worker_threads';

/** What a thread says, in plain data: how far it is, as often as it likes, and at its end what came of it. */
export type Said<P, R> = { readonly progress: P } | { readonly result: R };

export interface ThreadOptions<P> {
  /** The module that runs in it. */
  file: URL;
  /** Its `workerData`; plain data. */
  data: unknown;
  /** The bound of its heap. V8 can end the whole process where one is reached: whoever gives work to a thread sees to it that it is not. */
  megabytes: number;
  onProgress(progress: P): void;
}

export interface Thread<R> {
  /** What it said at its end; undefined: it was stopped. Rejects where it dies without a word. */
  readonly result: Promise<R | undefined>;
  /** Ends it wherever it is; what it has open is closed. */
  stop(): Promise<void>;
}

/** Runs a module beside the engine's own thread, with a heap and an event loop of its own. */
export function startThread<P, R>({ file, data, megabytes, onProgress }: ThreadOptions<P>): Thread<R> {
  const worker = new Worker(file, {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: megabytes },
  });
  let isStopped = false;
  const result = new Promise<R | undefined>((resolve, reject) => {
    worker.on('message', (said: Said<P, R>) => {
      if ('progress' in said) onProgress(said.progress);
      else resolve(said.result);
    });
    worker.on('error', reject);
    worker.on('exit', code => {
      if (isStopped) resolve(undefined);
      else reject(new Error(`the thread ended with code ${code} and without a result`));
    });
  });
  return {
    result,
    async stop() {
      isStopped = true;
      await worker.terminate();
    },
  };
}
