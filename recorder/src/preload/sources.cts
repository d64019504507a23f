import fs from 'node:fs';
import { settings } from './settings.cjs';
import { transpile } from './transpile.cjs';

interface Compilable {
  _compile(code: string, file: string): void;
}

function isCompilable(module: unknown): module is Compilable {
  return typeof module === 'object' && module !== null && '_compile' in module;
}

/** Teaches `require` TypeScript. */
export function requireTypeScript(): void {
  const load = (module: unknown, file: string): void => {
    if (!isCompilable(module))
      throw new TypeError('This version of Node loads modules in a way the recorder does not know.');
    module._compile(
      transpile(file, fs.readFileSync(file, 'utf8'), 'commonjs', settings.legacyInterop, settings.fallbackRoot),
      file,
    );
  };
  for (const extension of ['.ts', '.cts', '.tsx']) require.extensions[extension] = load;
}
