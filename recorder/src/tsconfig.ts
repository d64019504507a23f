import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { parseDocument } from 'yaml';

import type { Aliases } from './preload/messages.cjs';

type Plain = Readonly<Record<string, unknown>>;

function recordOf(data: unknown): Plain {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
    ? Object.fromEntries(Object.entries(data))
    : {};
}

/** A configuration of TypeScript as it is written. YAML reads JSON well enough once comments are gone; paths may hold what looks like one. */
function readTsconfig(file: string): Plain {
  const source = readFileSync(file, 'utf8').replace(
    /("(?:\\.|[^"\\\n])*")|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_all, text: string | undefined) => text ?? '',
  );
  const document = parseDocument(source, { strict: false, logLevel: 'silent' });
  return document.errors.length > 0 ? {} : recordOf(document.toJS() as unknown);
}

/**
 * The `compilerOptions` of the `tsconfig.json` in a folder, with those of what it extends. `outDir` and `rootDir` are relative to the folder,
 * whichever file gives them.
 */
export function compilerOptionsOf(folder: string): Plain {
  const file = path.join(folder, 'tsconfig.json');
  return existsSync(file) ? optionsIn(file, folder, []) : {};
}

function optionsIn(file: string, folder: string, above: readonly string[]): Plain {
  if (above.includes(file)) return {};
  const { extends: given, compilerOptions } = readTsconfig(file);
  const own: Record<string, unknown> = { ...recordOf(compilerOptions) };
  for (const key of ['outDir', 'rootDir']) {
    const written = own[key];
    if (typeof written === 'string') own[key] = path.relative(folder, path.resolve(path.dirname(file), written)) || '.';
  }
  return Object.assign(
    {},
    ...basesOf(given, file).map((base) => optionsIn(base, folder, [...above, file])),
    own,
  ) as Plain;
}

function basesOf(given: unknown, file: string): readonly string[] {
  return (Array.isArray(given) ? given : [given]).flatMap((each: unknown) => {
    const base = typeof each === 'string' ? extended(each, path.dirname(file)) : undefined;
    return base === undefined ? [] : [base];
  });
}

/** `compilerOptions.paths` and `baseUrl` of the nearest `tsconfig.json`, and of what it extends, as TypeScript's loaders take them. */
export function aliasesOf(folder: string): Aliases {
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, 'tsconfig.json');
    if (existsSync(file)) return aliasesIn(file, new Set());
    if (existsSync(path.join(at, '.git')) || path.dirname(at) === at) return { paths: [] };
  }
}

function aliasesIn(file: string, seen: Set<string>): Aliases & { readonly isSet?: boolean } {
  if (seen.has(file)) return { paths: [] };
  seen.add(file);
  const { extends: given, compilerOptions } = readTsconfig(file);
  const folder = path.dirname(file);
  const options = recordOf(compilerOptions);
  const bases = basesOf(given, file).map((base) => aliasesIn(base, seen));
  const baseUrl =
    typeof options['baseUrl'] === 'string'
      ? path.resolve(folder, options['baseUrl'])
      : bases.findLast((base) => base.baseUrl !== undefined)?.baseUrl;
  const written = options['paths'] === undefined ? undefined : recordOf(options['paths']);
  const paths =
    written === undefined
      ? (bases.findLast(({ isSet }) => isSet)?.paths ?? [])
      : Object.entries(written).map(([pattern, targets]) => ({
          pattern,
          targets: (Array.isArray(targets) ? targets : [])
            .filter((target): target is string => typeof target === 'string')
            .map((target) => path.resolve(baseUrl ?? folder, target)),
        }));
  return {
    paths,
    isSet: written !== undefined || bases.some(({ isSet }) => isSet),
    ...(baseUrl === undefined ? {} : { baseUrl }),
  };
}

/** The file that `extends` names: beside this one, or in a package. */
function extended(name: string, folder: string): string | undefined {
  const isFile = (file: string) => statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  if (/^\.{1,2}(?:[\\/]|$)/.test(name) || path.isAbsolute(name)) {
    const full = path.resolve(folder, name);
    return [full, `${full}.json`, path.join(full, 'tsconfig.json')].find(isFile);
  }
  const require = createRequire(path.join(folder, 'tsconfig.json'));
  for (const each of [name, `${name}.json`, `${name}/tsconfig.json`]) {
    try {
      const file = require.resolve(each);
      if (file.endsWith('.json')) return file;
    } catch {
      continue;
    }
  }
  return undefined;
}
