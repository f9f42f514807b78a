import { EXIT_FAILED } from './failure.ts';
import { run } from './fealty.ts';
import { createOutput } from './output.ts';

// `fealty ... | head` closes the pipe early; nobody reads on, so there is nothing left to do.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_FAILED);
  throw error;
});

const typed = process.argv.slice(2);
process.exitCode = await run(typed, createOutput(process, typed.includes('--json')));
