import assert from 'node:assert/strict';
import test from 'node:test';
import { startThread } from './thread.ts';

/** Runs a few lines in a thread, with `port` and `data`, and keeps what it says on its way. */
function running(code: string, data: unknown = null) {
  const said: unknown[] = [];
  let heard = (): void => undefined;
  const first = new Promise<void>(resolve => {
    heard = resolve;
  });
  const file = new URL(
    `data:text/javascript,${encodeURIComponent(
      `import { isMainThread, parentPort as port, resourceLimits, workerData as data } from 'node:worker_threads'; ${code}`,
    )}`,
  );
  const onProgress = (progress: unknown) => {
    said.push(progress);
    heard();
  };
  return { said, first, ...startThread<unknown, unknown>({ file, data, megabytes: 200, onProgress }) };
}

test('a module runs in another thread with a bound for its heap, and says how far it is and what came of it', async () => {
  const { said, result } = running(
    'port.postMessage({ progress: data.of }); port.postMessage({ result: { isMainThread, megabytes: resourceLimits.maxOldGenerationSizeMb } });',
    { of: 7n },
  );
  assert.deepEqual(await result, { isMainThread: false, megabytes: 200 });
  assert.deepEqual(said, [7n]);
});

test('one that throws, or ends without a result, rejects with what there is to know of it', async () => {
  await assert.rejects(running('throw new TypeError("broken")').result, /^TypeError: broken$/);
  await assert.rejects(running('process.exit(3)').result, /ended with code 3/);
  await assert.rejects(running('Promise.reject(new Error("late"))').result, /late/);
});

test('one that is stopped ends wherever it is, with nothing', async () => {
  const { result, stop, first } = running('port.postMessage({ progress: 1 }); for (;;);');
  await first;
  await stop();
  assert.equal(await result, undefined);
});

test('one that has ended can be stopped', async () => {
  const { result, stop } = running('port.postMessage({ result: 1 })');
  assert.equal(await result, 1);
  await stop();
});
