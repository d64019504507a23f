import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import {
  type Driver,
  killPoolers,
  killRuns,
  killStrategies,
  loadDriver,
  type Scope,
} from '../../rotation/src/kill/driver.js';
import { type KillReport, ownDriver, runKillCases } from '../../rotation/src/kill/run-cases.js';
import { databases, Servers, stores } from './kill/servers.js';

const help = `Kills a rotator at every effect, before it is sent, with its reply withheld, and after the reply; resumes it in a new process; and
counts refused logins, lost credentials, and runs that did not come to their end. Applications log in every few milliseconds meanwhile.

npm run --silent bench:kill -- [options]

  --json                one line of JSON: cases, kills, refusedLogins, lostCredentials, notConverged, notRun, details; progress goes
                        to standard error
  --database <name>     ${databases.join(', ')}; may be repeated. Default: all
  --store <name>        ${stores.join(', ')}; may be repeated. Default: all
  --strategy <name>     ${killStrategies.join(', ')}; may be repeated. Default: all
  --run <name>          ${killRuns.join(', ')}; may be repeated. Default: all
  --pooler <name>       ${killPoolers.join(', ')}: what stands before the database, for one of the endpoints; may be repeated. Default: all
  --every-store         also runs that change nothing in a store, with each store. Default: those with the first one only
  --statements          also between the statements of a transaction, with the store env-file
  --driver <file.mjs>   another rotator than keyturn: a module whose default export is a Driver (rotation/src/kill/driver.ts).
                        test/bench/kill/naive-driver.mjs is a small one
  --help

With single-user, the logins that are refused between re-key and publication are part of the strategy. They are counted apart, in
details.singleUser, with the longest window in milliseconds, undisturbed and with a kill inside. On a machine that is too busy, the answer
to a login may come after the lifetime of its credential; such a refusal proves nothing, and is counted in details.lateLogins.

Exit codes: 0 nothing was lost, 1 something was, 2 wrong usage, 3 nothing could be run.`;

interface Line extends KillReport {
  readonly case: string;
  readonly seconds: number;
}

class UsageError extends Error {}

function chosen<T extends string>(option: string, given: readonly string[] | undefined, known: readonly T[]): T[] {
  for (const name of given ?? []) {
    if (!known.some((each) => each === name)) {
      throw new UsageError(`--${option} "${name}" is unknown. Allowed values are: ${known.join(', ')}.`);
    }
  }
  return known.filter((name) => given === undefined || given.includes(name));
}

function optionsOf(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const several = { type: 'string', multiple: true } as const;
    const flag = { type: 'boolean', default: false } as const;
    const options = { json: flag, help: flag, statements: flag, 'every-store': flag, driver: text };
    const { values } = parseArgs({
      args: [...args],
      options: { ...options, database: several, store: several, strategy: several, run: several, pooler: several },
    });
    return {
      ...values,
      database: chosen('database', values.database, databases),
      store: chosen('store', values.store, stores),
      strategy: chosen('strategy', values.strategy, killStrategies),
      run: chosen('run', values.run, killRuns),
      pooler: chosen('pooler', values.pooler, killPoolers),
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

type Options = ReturnType<typeof optionsOf>;

/** Those that the driver can do: what a strategy is without on a database is not a case that was left out. */
function scopesOf(options: Options, driver: Driver): Scope[] {
  const scopes = options.database.flatMap((database) =>
    options.strategy.flatMap((strategy) =>
      options.pooler.flatMap((pooler) =>
        options.store.flatMap((store) => options.run.map((run) => ({ database, strategy, pooler, store, run }))),
      ),
    ),
  );
  return scopes.filter(
    (scope) => (scope.pooler === 'none' || driver.poolers === true) && driver.cannot(scope) === undefined,
  );
}

function nameOf({ database, strategy, pooler, store, run }: Scope): string {
  return [database, ...(pooler === 'none' ? [] : [pooler]), store, strategy, run].join('/');
}

interface Ran {
  readonly lines: readonly Line[];
  readonly notRun: readonly string[];
  /** Runs that change nothing in a store, and were killed with another one. */
  readonly asWithAnotherStore: number;
}

async function runAll(options: Options): Promise<Ran> {
  const module = options.driver === undefined ? ownDriver : pathToFileURL(path.resolve(options.driver)).href;
  const driver = await loadDriver(module).catch((error: unknown) => {
    throw new UsageError(`--driver: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  const servers = new Servers();
  const lines: Line[] = [];
  const notRun = new Set<string>();
  /** The store with which a run was seen to change nothing in it. */
  const indifferent = new Map<string, string>();
  let asWithAnotherStore = 0;
  const scopes = scopesOf(options, driver);
  try {
    for (const [index, scope] of scopes.entries()) {
      const any = nameOf({ ...scope, store: 'env-file' });
      if (indifferent.has(any) && !options['every-store']) {
        asWithAnotherStore += 1;
        continue;
      }
      const parts = await servers.all(scope);
      if ('because' in parts) {
        notRun.add(parts.because);
        continue;
      }
      const statements = options.statements && scope.store === 'env-file' && scope.database === 'postgres';
      for (const unit of statements ? (['commit', 'statement'] as const) : (['commit'] as const)) {
        const started = Date.now();
        const { strategy, run } = scope;
        const target = { ...parts, strategy, driver: module };
        const report = await runKillCases({ ...target, prefix: `k${lines.length}` }, run, { unit });
        const seconds = Math.round((Date.now() - started) / 100) / 10;
        const name = [nameOf(scope), ...(unit === 'statement' ? [unit] : [])].join('/');
        if (report.storeEffects === 0) indifferent.set(any, scope.store);
        lines.push({ case: name, ...report, seconds });
        process.stderr.write(
          `[${index + 1}/${scopes.length}] ${name}: ${report.kills} of ${report.cases} killed, ${report.logins} logins, ${seconds} s\n`,
        );
        for (const what of [...report.refusedLogins, ...report.lostCredentials, ...report.notConverged]) {
          process.stderr.write(`  ${what}\n`);
        }
      }
    }
  } finally {
    await servers.stop();
  }
  return { lines, notRun: [...notRun], asWithAnotherStore };
}

function totalOf({ lines, notRun, asWithAnotherStore }: Ran) {
  const sum = (count: (line: Line) => number): number => lines.reduce((total, line) => total + count(line), 0);
  const windows = lines.flatMap(({ window }) => window ?? []);
  return {
    cases: sum((line) => line.cases),
    kills: sum((line) => line.kills),
    refusedLogins: sum((line) => line.refusedLogins.length),
    lostCredentials: sum((line) => line.lostCredentials.length),
    notConverged: sum((line) => line.notConverged.length),
    notRun,
    details: {
      logins: sum((line) => line.logins),
      lateLogins: sum((line) => line.lateLogins),
      asWithAnotherStore,
      singleUser: {
        refusedLogins: windows.reduce((total, { refusedLogins }) => total + refusedLogins, 0),
        windowMs: Math.max(0, ...windows.map(({ undisturbedMs }) => undisturbedMs)),
        windowMsKilled: Math.max(0, ...windows.map(({ killedMs }) => killedMs)),
      },
    },
  };
}

async function main(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (options.help) {
    console.log(help);
    return 0;
  }
  const ran = await runAll(options);
  const { lines, notRun } = ran;
  const total = totalOf(ran);
  if (options.json) process.stdout.write(`${JSON.stringify(total)}\n`);
  else {
    console.table(
      lines.map((line) => ({
        case: line.case,
        kills: line.kills,
        logins: line.logins,
        refused: line.refusedLogins.length,
        lost: line.lostCredentials.length,
        'not converged': line.notConverged.length,
        seconds: line.seconds,
        ...(line.window && { 'window ms': line.window.undisturbedMs, 'refused in it': line.window.refusedLogins }),
      })),
    );
    console.log(JSON.stringify(total, undefined, 2));
    for (const reason of notRun) console.log(`NOT RUN: ${reason}`);
  }
  if (total.cases === 0) return 3;
  return total.refusedLogins + total.lostCredentials + total.notConverged > 0 ? 1 : 0;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof UsageError ? `${error.message} See --help.` : error);
    process.exitCode = error instanceof UsageError ? 2 : 3;
  },
);
