import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from './config.ts';

/**
 * Becomes another program of this repository, under the same Node. Where the system can, this process is replaced
 * (same pid), so that no signal has to be passed on; elsewhere it waits and answers the program's exit code.
 */
export function handOver(program: string, args: readonly string[]): Promise<number> {
  const argv = [join(repositoryRoot, program), ...args];
  if (process.execve) process.execve(process.execPath, [process.execPath, ...argv]);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, { stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', code => resolve(code ?? 1));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => child.kill(signal));
  });
}
