#!/usr/bin/env node
// Plain JavaScript for whatever Node is there: hands over to tools/run.mjs, which installs what is missing and runs
// the command line under the bundled Node 24.
import { fileURLToPath } from 'node:url';

const launcher = new URL('../../tools/run.mjs', import.meta.url);
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
process.argv.splice(1, process.argv.length, fileURLToPath(launcher), main, ...process.argv.slice(2));
await import(launcher.href);
