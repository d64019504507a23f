/**
 * Loaded into an application with `--import`, before its first line runs. It tells the rehearsal, over the IPC channel, when the
 * application read its credential source and what became of each login. It changes nothing of what the application sees.
 */
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { parseEnv } from 'node:util';

import type { Client, Pool } from 'pg';

import { fingerprintOf, type Login, now } from './evidence.js';
import { refusalCode } from './refusal-code.js';
import type { Observation, ObserveOptions, SourceFile } from './observation.js';

const setting = process.env['KEYTURN_OBSERVE'];
let tell: (observation: Observation) => void = () => undefined;
if (setting !== undefined) {
  const options = JSON.parse(setting) as ObserveOptions;
  const { file } = options;
  if (file !== undefined) {
    // The process that serves may be a grandchild, behind `npm start` and a shell: the variable is left for it.
    tell = (observation) => fs.appendFileSync(file, `${JSON.stringify({ pid: process.pid, ...observation })}\n`);
    observe(options);
  } else if (process.send) {
    delete process.env['KEYTURN_OBSERVE'];
    // Whoever started us is gone, however it went: nothing may be left behind.
    process.once('disconnect', () => process.exit(0));
    process.channel?.unref();
    tell = (observation) => void (process.connected && process.send?.(observation));
    observe(options);
  }
}

function observe(options: ObserveOptions): void {
  if (options.source) observeReads(options.source, options.key);
  observePostgres(options);
}

function observeReads(source: SourceFile, key: string): void {
  const note = (file: unknown, content: () => string): void => {
    if (!isPath(file) || path.resolve(file instanceof URL ? file.pathname : String(file)) !== source.path) return;
    const at = now();
    const values = parseEnv(content()) as Record<string, string | undefined>;
    const user = values[source.user];
    const password = values[source.password];
    if (user !== undefined && password !== undefined) {
      tell({ type: 'read', at, credential: fingerprintOf(key, user, password) });
    }
  };

  const { readFileSync, readFile } = fs;
  const promised = fs.promises.readFile;
  const load = process.loadEnvFile?.bind(process);
  // `bind`-free wrappers: the real functions decide what they return and throw; we only look at what came back.
  fs.readFileSync = ((...args: Parameters<typeof readFileSync>) => {
    const content = readFileSync(...args);
    note(args[0], () => content.toString());
    return content;
  }) as typeof readFileSync;
  fs.readFile = Object.assign((...args: unknown[]) => {
    const done = args.pop() as (error: Error | null, content?: Buffer | string) => void;
    const looked = (error: Error | null, content?: Buffer | string): void => {
      if (content !== undefined) note(args[0], () => content.toString());
      done(error, content);
    };
    (readFile as (...passed: unknown[]) => void)(...args, looked);
  }, readFile) as typeof readFile;
  fs.promises.readFile = (async (...args: Parameters<typeof promised>) => {
    const content = await promised(...args);
    note(args[0], () => content.toString());
    return content;
  }) as typeof promised;
  process.loadEnvFile = (file = '.env') => {
    load(file);
    note(file, () => readFileSync(file, 'utf8'));
  };
  syncBuiltinESMExports();
}

function isPath(file: unknown): file is string | URL | Buffer {
  return typeof file === 'string' || file instanceof URL || Buffer.isBuffer(file);
}

function observePostgres({ key, driverOf }: ObserveOptions): void {
  let driver: { Client: typeof Client; Pool: typeof Pool };
  try {
    driver = createRequire(driverOf ?? process.argv[1] ?? import.meta.url)('pg') as typeof driver;
  } catch {
    return;
  }
  observeLogins(driver.Client.prototype, key);
  observeSettings(driver.Pool);
}

type Connect = (callback?: (error: Error | null, ...rest: unknown[]) => void) => unknown;

function observeLogins(prototype: Client, key: string): void {
  const original = prototype.connect as Connect;
  let count = 0;
  const connect = function (this: Client, callback?: Parameters<Connect>[0]): unknown {
    const login = ++count;
    const begunAt = now();
    const finished = (error: unknown): void => {
      // A password function has been replaced by its answer when the server asked for it; before that there is no credential.
      const { user, password } = this as unknown as { user?: string; password: unknown };
      const outcome: Login = {
        user: user ?? '',
        begunAt,
        endedAt: now(),
        ...(typeof password === 'string' ? { credential: fingerprintOf(key, user ?? '', password) } : {}),
        ...(error ? { refused: codeOf(error) } : {}),
      };
      tell({ type: 'login', login, outcome });
    };
    this.once('end', () => tell({ type: 'closed', login, at: now() }));
    if (callback) {
      return original.call(this, (error, ...rest) => {
        finished(error);
        callback(error, ...rest);
      });
    }
    return (original.call(this) as Promise<unknown>).then(
      (value) => {
        finished(undefined);
        return value;
      },
      (error: unknown) => {
        finished(error);
        throw error;
      },
    );
  };
  prototype.connect = connect as typeof prototype.connect;
}

function codeOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? refusalCode(code, String(message)) : 'no code';
}

/** Settings of a pool that differ from those of a pool made with none. */
function observeSettings(DriverPool: typeof Pool): void {
  const seen = new WeakSet<object>();
  const connect = DriverPool.prototype.connect as Connect;
  DriverPool.prototype.connect = function (this: Pool, ...args: Parameters<Connect>) {
    if (!seen.has(this)) {
      seen.add(this);
      tell({ type: 'settings', differing: differing(this, new DriverPool()) });
    }
    return connect.apply(this, args);
  } as typeof DriverPool.prototype.connect;
}

function differing(pool: Pool, untouched: Pool): Record<string, { value: string; byDefault: string }> {
  const defaults = untouched.options as unknown as Record<string, unknown>;
  const found: Record<string, { value: string; byDefault: string }> = {};
  for (const [name, value] of Object.entries(pool.options)) {
    if (name === 'port' || (typeof value !== 'number' && typeof value !== 'boolean') || defaults[name] === value)
      continue;
    found[name] = {
      value: String(value),
      byDefault: defaults[name] === undefined ? 'not set' : String(defaults[name]),
    };
  }
  return found;
}
