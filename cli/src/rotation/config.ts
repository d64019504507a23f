import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { printable } from '@keyturn/findings';
import { type Consumer, dualUsersOf, milliseconds, type Plan } from '@keyturn/plan';
import { Ajv } from 'ajv';
import { LineCounter, parseDocument } from 'yaml';

import { codeOf } from '../config/config.js';
import { explain } from '../config/explain.js';
import { UsageError } from '../errors.js';
import { rotationSchema } from './schema.js';

/** The names that are looked for, at and above the folder where keyturn runs. */
export const rotationConfigNames = ['keyturn.rotation.yaml', 'keyturn.rotation.yml', 'keyturn.rotation.json'] as const;

/** One pair, as the configuration says it. */
export interface PairConfig {
  readonly sharedRole: string;
  readonly users: readonly [string, string];
  readonly passwordLength?: number;
  readonly database: { readonly kind: string };
  readonly store: { readonly kind: string };
  readonly plan: Plan;
}

/** A configuration that was read and found right; paths in it start at `folder`. */
export interface RotationConfig {
  readonly file: string;
  readonly folder: string;
  readonly pairs: ReadonlyMap<string, PairConfig>;
}

/** @throws UsageError where there is none. */
export function findRotationConfig(from: string): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    for (const name of rotationConfigNames) {
      const file = path.join(folder, name);
      if (existsSync(file)) return file;
    }
    if (folder === path.dirname(folder)) break;
  }
  throw new UsageError(
    `There is no ${rotationConfigNames[0]} here or above. Write one (docs/rotate.md shows how), or name it with --config FILE.`,
  );
}

/**
 * Reads and checks a configuration. JSON is read as YAML, which it is.
 *
 * @throws UsageError where it cannot be read, or says something that is not known. No message shows a value of the file.
 */
export function loadRotationConfig(file: string, shown: string): RotationConfig {
  const raw = check(parse(read(file, shown), shown), shown);
  const pairs = Object.entries(raw.pairs).map(([name, pair]) => [name, complete(name, pair, shown)] as const);
  return { file, folder: path.dirname(file), pairs: new Map(pairs) };
}

interface RawPair {
  readonly sharedRole?: string;
  readonly users?: readonly [string, string];
  readonly user?: string;
  readonly passwordLength?: number;
  readonly database: { readonly kind: string };
  readonly store: { readonly kind: string };
  readonly plan: Omit<Plan, 'strategy'> & { readonly strategy?: Plan['strategy'] };
}

function read(file: string, shown: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(
      `The configuration ${printable(shown)} cannot be read (${codeOf(cause)}). Name a file that exists.`,
      { cause },
    );
  }
}

/** The messages of the parser quote the file, which may hold a secret by mistake; the place is enough. */
function parse(source: string, shown: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw new UsageError(`The configuration ${printable(shown)} is not YAML: see line ${line}, column ${col}.`);
  }
  return document.toJS({ maxAliasCount: 100 }) as unknown;
}

function check(raw: unknown, shown: string): { readonly pairs: Readonly<Record<string, RawPair>> } {
  const ajv = new Ajv({
    allErrors: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
    allowUnionTypes: true,
    discriminator: true,
    verbose: true,
  });
  const validate = ajv.compile<{ pairs: Record<string, RawPair> }>(rotationSchema());
  if (validate(raw)) return raw;
  throw new UsageError(
    [`The configuration ${printable(shown)} is not usable:`, ...explain(validate.errors ?? [])].join('\n  '),
  );
}

function complete(name: string, raw: RawPair, shown: string): PairConfig {
  const where = `The configuration ${printable(shown)} is not usable: "pairs.${printable(name)}`;
  const plan: Plan = { strategy: 'dual-user', ...raw.plan };
  const sharedRole = raw.sharedRole ?? name;
  const users = namesOf(name, raw, plan, where);
  if (new Set([...users, sharedRole]).size < (plan.strategy === 'dual-user' ? 3 : 2)) {
    throw new UsageError(
      `${where}" needs different names for its users and their shared role, got ${[...new Set(users)].join(', ')} and ${sharedRole}.`,
    );
  }
  readTimes(plan, `${where}.plan`);
  const { passwordLength, database, store } = raw;
  return { sharedRole, users, plan, database, store, ...(passwordLength !== undefined && { passwordLength }) };
}

function namesOf(name: string, raw: RawPair, plan: Plan, where: string): readonly [string, string] {
  if (plan.strategy === 'dual-user') {
    if (raw.user === undefined) return raw.users ?? usersOf(name, where);
    throw new UsageError(`${where}" has one "user", and the strategy dual-user needs two "users".`);
  }
  if (raw.user !== undefined && raw.users === undefined) return [raw.user, raw.user];
  throw new UsageError(`${where}" needs one "user", and no "users", with the strategy ${plan.strategy}.`);
}

function usersOf(name: string, where: string): readonly [string, string] {
  try {
    return dualUsersOf(name).users;
  } catch (cause) {
    throw new UsageError(`${where}": ${cause instanceof Error ? cause.message : 'its name is wrong'}`, { cause });
  }
}

function readTimes(plan: Plan, where: string): void {
  const times: [string, unknown][] = [
    ['every', plan.every],
    ['soak', plan.soak],
    ['runTime', plan.runTime],
    ...plan.consumers.flatMap(({ name, chain }: Consumer) =>
      chain.map((link): [string, unknown] => [
        `consumers (${name}, ${link.kind})`,
        link.longest === 'start-bound' ? undefined : link.longest,
      ]),
    ),
  ];
  for (const [key, value] of times) {
    if (value === undefined) continue;
    try {
      milliseconds(value as string);
    } catch (cause) {
      throw new UsageError(`${where}.${key}": ${cause instanceof Error ? cause.message : 'no duration'}`, { cause });
    }
  }
}
