import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const tsc = path.resolve(import.meta.dirname, '..', 'node_modules/@typescript/native/bin/tsc');

/**
 * Compiles files as modules of a strict project, without writing anything.
 *
 * @param project a folder inside the workspace, where packages resolve as they do for a reader; it is made.
 * @returns what the compiler has to say; empty when it is content.
 */
export function compile(project: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(project, { recursive: true });
  const compilerOptions = {
    noEmit: true,
    strict: true,
    module: 'nodenext',
    target: 'es2023',
    skipLibCheck: true,
    types: ['node'],
  };
  writeFileSync(path.join(project, 'package.json'), '{ "name": "samples", "private": true, "type": "module" }');
  writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(project, name), text);
  try {
    execFileSync(process.execPath, [tsc, '-p', project], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stdout?: Buffer }).stdout);
  }
}
