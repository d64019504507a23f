/* eslint-disable @typescript-eslint/consistent-type-imports -- loaded only when a program needs it, and from the program's own folder */
/** Runs TypeScript written as ES modules. Lives in Node's loader thread. */
import { existsSync, readFileSync } from 'node:fs';
import type { LoadHook, ResolveHook } from 'node:module';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** `./x.js` may be written `./x.ts`, and bundler-style imports leave the ending out. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (/^@(?:pulumi|keyturn)\//.test(specifier) && context.parentURL !== import.meta.url) {
      return next(specifier, { ...context, parentURL: import.meta.url });
    }
    const relative = specifier.startsWith('.') || specifier.startsWith('file:');
    if (!relative || !(isCode(error, 'ERR_MODULE_NOT_FOUND') || isCode(error, 'ERR_UNSUPPORTED_DIR_IMPORT')))
      throw error;
    const target = fileURLToPath(new URL(specifier, context.parentURL));
    const stem = target.replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
    const found = [stem, `${target}.ts`, `${target}/index.ts`, `${target}.js`, `${target}/index.js`].find(
      (file) => file !== target && existsSync(file),
    );
    if (found === undefined) throw error;
    return { url: pathToFileURL(found).href, shortCircuit: true };
  }
};

export const load: LoadHook = async (url, context, next) => {
  if (!/\.[m]?tsx?$/.test(url) || !url.startsWith('file:') || url.includes('/node_modules/')) return next(url, context);
  const { transpile } = require('./transpile.cjs') as typeof import('./transpile.cjs');
  const { report } = require('./report.cjs') as typeof import('./report.cjs');
  const file = fileURLToPath(url);
  report({ type: 'loaded', path: file });
  return {
    format: 'module',
    source: transpile(file, readFileSync(file, 'utf8'), 'esm', false, import.meta.dirname),
    shortCircuit: true,
  };
};
