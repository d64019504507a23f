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
    const source = fs.readFileSync(file, 'utf8');
    const code = transpile(file, source, 'commonjs', settings.legacyInterop, settings.fallbackRoot);
    useSourceMap(code);
    module._compile(code, file);
  };
  for (const extension of ['.ts', '.cts', '.tsx']) require.extensions[extension] = load;
}

/** Node maps positions by itself once it is told to; that costs time, so it is told when the first map is met. */
export function useSourceMap(code: string): void {
  if (/\/\/[#@] sourceMappingURL=/.test(code.slice(-2_000_000))) process.setSourceMapsEnabled(true);
}
