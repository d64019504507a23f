#!/usr/bin/env node
import process from 'node:process';
import { run } from './program.js';

const code = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
});
process.exitCode = code;
// Stopped by a signal: what was under way still holds connections, and nobody waits for it.
if (code > 128) process.exit();
