import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { milliseconds } from '@keyturn/plan';
import {
  type DatabaseKind,
  databaseKinds,
  deliveries,
  type Fault,
  faults,
  kindOfUrl,
  type Operation,
  type RehearseOptions,
  strategies,
} from '@keyturn/rehearsal';

import type { Terminal } from '../command/terminal.js';
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';

/** What commander gives. */
export interface Flags {
  readonly app?: string;
  readonly module?: string;
  readonly export: string;
  readonly load?: readonly string[];
  readonly database?: string;
  readonly databaseUrl?: string;
  readonly setup?: string;
  readonly readyUrl?: string;
  readonly port?: string;
  readonly instances?: string;
  readonly rate: string;
  readonly rotations: string;
  readonly strategy: string;
  readonly credentials: string;
  readonly credentialFile?: string;
  readonly restart?: boolean;
  readonly faults?: string;
  readonly maxFailed: string;
  readonly maxGap?: string;
  readonly maxDrain: string;
  readonly report: string;
  readonly junit?: string;
  readonly json?: boolean;
}

/** @throws UsageError for a value that cannot be used. */
export async function optionsOf(flags: Flags, { cwd, env }: Terminal): Promise<RehearseOptions> {
  if ((flags.app === undefined) === (flags.module === undefined)) {
    throw new UsageError('Name what to rehearse: either --app "npm start" or --module ./src/db.js.');
  }
  const delivery = word('--credentials', flags.credentials, deliveries);
  const ready = readyOf(flags.readyUrl);
  const port = flags.port === undefined ? ready.port : whole('--port', flags.port, 1, 65_535);
  const databaseUrl = flags.databaseUrl ?? env['KEYTURN_DATABASE_URL'];
  const database = databaseOf(flags.database, databaseUrl);
  return {
    app:
      flags.module === undefined
        ? (flags.app ?? '')
        : { file: path.resolve(cwd, flags.module), export: flags.export, sql: flags.load?.[0] ?? 'SELECT 1' },
    cwd,
    env,
    instances:
      flags.instances === undefined
        ? flags.module === undefined && port === undefined
          ? 2
          : 1
        : whole('--instances', flags.instances, 1, 16),
    ...(port === undefined ? {} : { port }),
    ...(ready.path === undefined ? {} : { readyPath: ready.path }),
    operations: flags.module === undefined ? await operationsOf(flags.load ?? ['GET /'], cwd) : [request('GET', '/')],
    rate: whole('--rate', flags.rate, 1, 2_000),
    rotations: whole('--rotations', flags.rotations, 1, 1_000),
    strategy: word('--strategy', flags.strategy, strategies),
    delivery,
    ...(flags.credentialFile === undefined ? {} : { credentialFile: flags.credentialFile }),
    restart: flags.restart ?? delivery === 'env',
    database,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(flags.setup === undefined ? {} : { setup: textOf('--setup', path.resolve(cwd, flags.setup), flags.setup) }),
    faults: faultsOf(flags.faults),
    budget: {
      maxFailed: whole('--max-failed', flags.maxFailed, 0, 1_000_000),
      ...(flags.maxGap === undefined ? {} : { maxGapMs: duration('--max-gap', flags.maxGap) }),
      maxDrainMs: duration('--max-drain', flags.maxDrain),
    },
  };
}

function databaseOf(name: string | undefined, url: string | undefined): DatabaseKind {
  const kind = name === undefined ? undefined : word('--database', name, databaseKinds);
  const named = url === undefined ? undefined : kindOfUrl(url);
  // MySQL's scheme is in use for MariaDB as well.
  if (named !== undefined && kind !== undefined && named !== kind && (named === 'postgres' || kind === 'postgres')) {
    throw new UsageError(`--database is ${kind}, and the URL names a server of ${named}. Leave --database out.`);
  }
  return kind ?? named ?? 'postgres';
}

function readyOf(url: string | undefined): { readonly path?: string; readonly port?: number } {
  if (url === undefined) return {};
  if (url.startsWith('/')) return { path: url };
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' || !['127.0.0.1', 'localhost'].includes(parsed.hostname)) {
    throw new UsageError(`--ready-url must be a path such as /health, or http://localhost:3000/health, not "${url}".`);
  }
  return { path: parsed.pathname + parsed.search, port: Number(parsed.port || 80) };
}

async function operationsOf(loads: readonly string[], cwd: string): Promise<readonly Operation[]> {
  const all = await Promise.all(loads.map(async (load) => await operationOf(load, cwd)));
  return all.flat();
}

async function operationOf(load: string, cwd: string): Promise<readonly Operation[]> {
  const [, method = 'GET', target] = /^(?:(GET|POST) )?(\/\S*)$/.exec(load) ?? [];
  if (target !== undefined) return [request(method as 'GET' | 'POST', target)];
  if (!/\.[cm]?js$/.test(load)) {
    throw new UsageError(
      `--load must be a request such as "GET /orders/1", or a script such as load.js, not "${load}".`,
    );
  }
  const file = path.resolve(cwd, load);
  if (!existsSync(file))
    throw new UsageError(`The load ${load} is not there. Name a script from the working directory.`);
  const loaded = (await import(pathToFileURL(file).href).catch((cause: unknown) => {
    throw new UsageError(`The load ${load} cannot be loaded: ${(cause as Error).message}`, { cause });
  })) as { default?: unknown };
  if (!Array.isArray(loaded.default) || loaded.default.length === 0 || !loaded.default.every(isOperation)) {
    throw new UsageError(
      `The load ${load} must export a list of { name, weight, method, path(pick), body?(pick), headers? } by default, with at least one in it.`,
    );
  }
  return loaded.default;
}

function request(method: 'GET' | 'POST', target: string): Operation {
  return { name: `${method} ${target}`, weight: 1, method, path: () => target };
}

function isOperation(value: unknown): value is Operation {
  const { name, weight, method, path: target, body } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    typeof weight === 'number' &&
    weight > 0 &&
    (method === 'GET' || method === 'POST') &&
    typeof target === 'function' &&
    (body === undefined || typeof body === 'function')
  );
}

function faultsOf(list: string | undefined): readonly Fault[] {
  return list === undefined ? [] : list.split(',').map((each) => word('--faults', each.trim(), faults));
}

function word<Word extends string>(flag: string, value: string, words: readonly Word[]): Word {
  const found = words.find((each) => each === value);
  if (found === undefined) {
    throw new UsageError(
      `${flag} cannot be "${value}".${didYouMean(value, [...words])} It can be ${words.join(', ')}.`,
    );
  }
  return found;
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${flag} must be a whole number from ${least} to ${most}, not "${text}".`);
}

function duration(flag: string, text: string): number {
  try {
    return milliseconds(text as Parameters<typeof milliseconds>[0]);
  } catch (cause) {
    throw new UsageError(`${flag} must be a time such as 250ms or 5s, not "${text}".`, { cause });
  }
}

function textOf(flag: string, file: string, shown: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${flag} ${shown} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'no reason'}).`, {
      cause,
    });
  }
}
