// Loaded before every test file by `npm test`. A file whose tests are over but that does not end has left something
// open, such as a connection pool; without this it would hang the whole run.
import { after } from 'node:test';

const GRACE_MS = 20_000;

after(() => {
  const timer = setTimeout(() => {
    const open = process.getActiveResourcesInfo();
    process.stderr.write(
      `All tests of this file are over, but it does not end. Still open: ${open.join(', ')}\n`,
    );
    process.exit(1);
  }, GRACE_MS);
  // Fires only when something else keeps the process alive.
  timer.unref();
});
