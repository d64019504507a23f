import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { orNotRun, startMoto, startOpenBao, startPostgres } from '@keyturn/services';

import { type KillReport, killRuns, runKillCases } from '../../rotation/src/kill/run-cases.js';
import type { KillStore } from '../../rotation/src/kill/stores.js';

interface Line extends KillReport {
  readonly case: string;
  readonly seconds: number;
}

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string', multiple: true, default: [] } },
});

const notRun: string[] = [
  'mysql, mariadb: because the harness drives PostgreSQL only',
  'PgBouncer: because the engine has no effects on it yet',
];
const lines: Line[] = [];
const folder = await mkdtemp(path.join(tmpdir(), 'keyturn-bench-kill-'));
const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];

/** `postgres/vault/advance` is meant by `--only vault`, and by `--only postgres/vault`. */
function wanted(name: string): boolean {
  return values.only.length === 0 || values.only.some((part) => `/${name}/`.includes(`/${part}/`));
}

const starts: Record<KillStore['kind'], () => Promise<KillStore | undefined>> = {
  'env-file': () => Promise.resolve({ kind: 'env-file', folder }),
  vault: async () => {
    const { part, because } = await orNotRun(startOpenBao);
    if (part === undefined) notRun.push(`vault: because ${because}`);
    else stops.push(part.stop);
    return part && { kind: 'vault', url: part.url, token: part.rootToken };
  },
  'aws-secrets-manager': async () => {
    const { part, because } = await orNotRun(startMoto);
    if (part === undefined) notRun.push(`aws-secrets-manager: because ${because}`);
    else stops.push(part.stop);
    return part && { kind: 'aws-secrets-manager', url: part.url };
  },
};

try {
  const server = await startPostgres({ settings: { max_connections: 400 } });
  stops.push(server.stop);
  const { host, port, superuser: user, superuserPassword: password } = server;
  for (const kind of ['env-file', 'vault', 'aws-secrets-manager'] as const) {
    const units = kind === 'env-file' ? (['commit', 'statement'] as const) : (['commit'] as const);
    const names = units.flatMap((unit) =>
      killRuns.map((run) => ({ unit, run, name: `postgres/${kind}/dual-user/${run}/${unit}` })),
    );
    const chosen = names.filter(({ name, unit, run }) => wanted(name) && (unit === 'commit' || run !== 'bootstrap'));
    if (chosen.length === 0) continue;
    const store = await starts[kind]();
    if (store === undefined) continue;
    for (const { name, run, unit } of chosen) {
      const started = Date.now();
      const target = { host, port, admin: { user, password }, store, prefix: `k${lines.length}` };
      const report = await runKillCases(target, [run], { unit });
      const line = { case: name, ...report, seconds: Math.round((Date.now() - started) / 100) / 10 };
      lines.push(line);
      process.stderr.write(
        `${name}: ${line.kills} of ${line.cases} killed, ${line.logins} logins, ${line.seconds} s\n`,
      );
    }
  }
} finally {
  for (const stop of stops.reverse()) await stop();
}

const total = {
  cases: lines.reduce((sum, line) => sum + line.cases, 0),
  kills: lines.reduce((sum, line) => sum + line.kills, 0),
  logins: lines.reduce((sum, line) => sum + line.logins, 0),
  refusedLogins: lines.reduce((sum, line) => sum + line.refusedLogins.length, 0),
  lostCredentials: lines.reduce((sum, line) => sum + line.lostCredentials.length, 0),
  notConverged: lines.reduce((sum, line) => sum + line.notConverged.length, 0),
  notRun,
};
if (values.json) {
  process.stdout.write(`${JSON.stringify(total)}\n`);
} else {
  console.table(
    lines.map((line) => ({
      case: line.case,
      kills: line.kills,
      logins: line.logins,
      refused: line.refusedLogins.length,
      lost: line.lostCredentials.length,
      'not converged': line.notConverged.length,
      seconds: line.seconds,
    })),
  );
  for (const { refusedLogins, lostCredentials, notConverged } of lines) {
    for (const what of [...refusedLogins, ...lostCredentials, ...notConverged]) console.log(what);
  }
  for (const reason of notRun) console.log(`NOT RUN: ${reason}`);
}
const failed = total.refusedLogins + total.lostCredentials + total.notConverged > 0;
process.exitCode = failed || total.cases === 0 ? 1 : 0;
