/* eslint-disable @typescript-eslint/consistent-type-imports -- loaded only when a program needs it, and from the program's own folder */
/** Runs TypeScript written as ES modules. Lives in Node's loader thread. */
import { existsSync, readFileSync } from 'node:fs';
import type { InitializeHook, LoadHook, ResolveFnOutput, ResolveHook } from 'node:module';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { aliasedFile, fileFromBase } from './aliases.cjs';
import { isProgramFile } from './frames.cjs';
import type { Aliases } from './messages.cjs';

const require = createRequire(import.meta.url);

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

const standInUrl = 'keyturn-stand-in:';
let standsIn = false;
let aliases: Aliases = { paths: [] };

/** Node tells its loader thread here what the program's thread knows. */
export const initialize: InitializeHook<{ readonly standsIn: boolean; readonly aliases?: Aliases } | undefined> = (
  data,
) => {
  standsIn = data?.standsIn ?? false;
  aliases = data?.aliases ?? aliases;
};

/** A module that is not there has the exports that its importer names. */
function standInFor(specifier: string, parent: string | undefined, error: unknown): ResolveFnOutput {
  if (!standsIn || parent?.startsWith('file:') !== true || parent.includes('/node_modules/')) throw error;
  const names = namesImported(readFileSync(fileURLToPath(parent), 'utf8'), specifier);
  const query = new URLSearchParams({ specifier, names: names.join(',') });
  return { url: `${standInUrl}//module?${query.toString()}`, format: 'module', shortCircuit: true };
}

function namesImported(source: string, specifier: string): readonly string[] {
  const names = new Set<string>();
  for (const { groups } of source.matchAll(
    /\b(?:import|export)\b[^;'"]*?\{(?<names>[^}]*)\}\s*from\s*['"](?<from>[^'"]+)['"]/g,
  )) {
    if (groups?.['from'] !== specifier) continue;
    for (const part of (groups['names'] ?? '').split(',')) {
      const name = /^\s*(?!type\s)(?<name>[A-Za-z_$][\w$]*)/.exec(part)?.groups?.['name'];
      if (name !== undefined && name !== 'default') names.add(name);
    }
  }
  for (const { groups } of source.matchAll(/\bimport\s*\*\s*as\s+(?<space>[\w$]+)\s+from\s*['"](?<from>[^'"]+)['"]/g)) {
    if (groups?.['from'] !== specifier) continue;
    const members = new RegExp(`\\b${(groups['space'] ?? '').replaceAll('$', '\\$')}\\.([A-Za-z_$][\\w$]*)`, 'g');
    for (const [, name = ''] of source.matchAll(members)) if (name !== 'default') names.add(name);
  }
  return [...names];
}

function standInSource({ searchParams }: URL): string {
  const names = (searchParams.get('names') ?? '').split(',').filter((name) => name !== '');
  const specifier = JSON.stringify(searchParams.get('specifier') ?? '');
  return [
    `const module = globalThis[Symbol.for('keyturn.module')](${specifier});`,
    'export default module;',
    ...names.map((name) => `export const ${name} = module[${JSON.stringify(name)}];`),
  ].join('\n');
}

/** `./x.js` may be written `./x.ts`, and bundler-style imports leave the ending out. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  // Node writes into the context when it is asked again.
  const { parentURL } = context;
  const isOurs = parentURL?.startsWith('file:') === true && !parentURL.includes('/node_modules/');
  const own = isOurs ? aliasedFile(specifier, aliases) : undefined;
  if (own !== undefined) return { url: pathToFileURL(own).href, shortCircuit: true };
  try {
    return await next(specifier, context);
  } catch (error) {
    if (/^@(?:pulumi|keyturn)\//.test(specifier) && parentURL !== import.meta.url) {
      try {
        return await next(specifier, { ...context, parentURL: import.meta.url });
      } catch {
        return standInFor(specifier, parentURL, error);
      }
    }
    const missing = isCode(error, 'ERR_MODULE_NOT_FOUND') || isCode(error, 'ERR_UNSUPPORTED_DIR_IMPORT');
    const relative = specifier.startsWith('.') || specifier.startsWith('file:');
    if (!missing) throw error;
    const based = isOurs ? fileFromBase(specifier, aliases) : undefined;
    if (based !== undefined) return { url: pathToFileURL(based).href, shortCircuit: true };
    if (!relative) return standInFor(specifier, parentURL, error);
    const target = fileURLToPath(new URL(specifier, parentURL));
    const stem = target.replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
    const found = [stem, `${target}.ts`, `${target}/index.ts`, `${target}.js`, `${target}/index.js`].find(
      (file) => file !== target && existsSync(file),
    );
    if (found === undefined) return standInFor(specifier, parentURL, error);
    return { url: pathToFileURL(found).href, shortCircuit: true };
  }
};

/**
 * Programs that say they are ES modules, and are compiled to CommonJS where they run, use its names. On the first line, so that all others
 * stay where they are.
 */
function withCommonJsNames(source: string): string {
  const names = ['require', '__dirname', '__filename'].filter(
    (name) =>
      new RegExp(`\\b${name}\\b`).test(source) &&
      !new RegExp(`\\b(?:const|let|var|function)\\s+(?:\\{[^}]*\\b)?${name}\\b|\\bas\\s+${name}\\b`).test(source),
  );
  if (names.length === 0) return source;
  const values: Readonly<Record<string, string>> = {
    require: "process.getBuiltinModule('node:module').createRequire(import.meta.url)",
    __dirname: 'import.meta.dirname',
    __filename: 'import.meta.filename',
  };
  return `${names.map((name) => `const ${name} = ${values[name] ?? ''};`).join(' ')} ${source}`;
}

export const load: LoadHook = async (url, context, next) => {
  if (url.startsWith(standInUrl)) return { format: 'module', source: standInSource(new URL(url)), shortCircuit: true };
  if (/\.json$/.test(url) && url.startsWith('file:') && context.importAttributes?.type === undefined) {
    const data: unknown = JSON.parse(readFileSync(fileURLToPath(url), 'utf8'));
    return { format: 'module', source: `export default ${JSON.stringify(data)};`, shortCircuit: true };
  }
  if (!url.startsWith('file:') || url.includes('/node_modules/')) return next(url, context);
  const { report } = require('./report.cjs') as typeof import('./report.cjs');
  const file = fileURLToPath(url);
  if (isProgramFile(file)) report({ type: 'loaded', path: file });
  if (!/\.m?tsx?$/.test(url)) return next(url, context);
  const { transpile } = require('./transpile.cjs') as typeof import('./transpile.cjs');
  return {
    format: 'module',
    source: withCommonJsNames(transpile(file, readFileSync(file, 'utf8'), 'esm', false, import.meta.dirname)),
    shortCircuit: true,
  };
};
