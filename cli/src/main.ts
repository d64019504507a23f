#!/usr/bin/env node
import module from 'node:module';
import process from 'node:process';

// From Node 22.1 on. It keeps only what is loaded after it, so the program is.
const { enableCompileCache } = module as { enableCompileCache?: () => unknown };
enableCompileCache?.();
const { run } = await import('./program.js');

const code = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
});
process.exitCode = code;
// Stopped by a signal: what was under way still holds connections, and nobody waits for it.
if (code > 128) process.exit();
