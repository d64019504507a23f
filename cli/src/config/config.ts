import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { printable, type Level, type Preset, type Severity } from '@keyturn/findings';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { isNode, LineCounter, parseDocument } from 'yaml';

import type { Rule } from '../check/rules.js';
import { UsageError } from '../errors.js';
import { fromCrossGuard } from './crossguard.js';
import { explain } from './explain.js';
import { configSchema } from './schema.js';

export const configName = 'keyturn.config.json';

export type FailOn = Severity | 'never';
export type Setting = Level | { readonly level?: Level; readonly options?: Readonly<Record<string, unknown>> };

export interface ConfigException {
  readonly rule: string;
  readonly path?: string;
  readonly urn?: string;
  readonly reason: string;
  readonly until?: string;
}

/** What `keyturn.config.json` may say. */
export interface Config {
  readonly preset?: Preset;
  readonly failOn?: FailOn;
  readonly rules?: Readonly<Record<string, Setting>>;
  readonly ignore?: readonly string[];
  readonly exceptions?: readonly ConfigException[];
  readonly baseline?: string;
}

/** A configuration that was read and found right. */
export interface LoadedConfig {
  readonly file: string;
  readonly config: Config;
  /** Line, from 1, of an exception in the file. */
  lineOfException(index: number): number;
}

/** The nearest `keyturn.config.json` at or above a folder, not above `root`. */
export function findConfig(from: string, root: string): string | undefined {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const file = path.join(folder, configName);
    if (existsSync(file)) return file;
    if (folder === root || folder === path.dirname(folder)) return undefined;
  }
}

/**
 * Reads and checks a configuration file, in our shape or in that of a policy pack's configuration.
 * @throws UsageError where it cannot be read, is no JSON, or says something that is not known.
 */
export function loadConfig(file: string, shown: string, rules: readonly Rule[]): LoadedConfig {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(
      `The configuration ${printable(shown)} cannot be read (${codeOf(cause)}). Name a file that exists.`,
      { cause },
    );
  }
  let config: unknown;
  try {
    config = JSON.parse(source);
  } catch (cause) {
    throw new UsageError(`The configuration ${printable(shown)} is not JSON: ${whereBroken(source)}.`, { cause });
  }
  const schema = configSchema(rules);
  config = fromCrossGuard(config, Object.keys(schema.properties), rules) ?? config;
  const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true, verbose: true });
  addFormats.default(ajv);
  const validate = ajv.compile<Config>(schema);
  if (!validate(config)) {
    throw new UsageError(
      [`The configuration ${printable(shown)} is not usable:`, ...explain(validate.errors ?? [])].join('\n  '),
    );
  }
  return { file, config, lineOfException: (index) => lineOf(source, ['exceptions', index]) };
}

function whereBroken(source: string): string {
  const lineCounter = new LineCounter();
  const [error] = parseDocument(source, { lineCounter, schema: 'json' }).errors;
  if (!error) return 'its quotes, commas or brackets are wrong';
  const { line, col } = lineCounter.linePos(error.pos[0]);
  return `see line ${line}, column ${col}`;
}

function lineOf(source: string, keys: readonly (string | number)[]): number {
  const lineCounter = new LineCounter();
  const node: unknown = parseDocument(source, { lineCounter }).getIn(keys, true);
  return isNode(node) && node.range ? lineCounter.linePos(node.range[0]).line : 1;
}

/** The code of a system error, such as `ENOENT`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
