import { printable } from '@keyturn/findings';
import type { Audit, Endpoint } from '@keyturn/rotation';
import { Command } from 'commander';

import type { Terminal } from '../command/terminal.js';
import { UsageError } from '../errors.js';
import { exitCodes, guarded, writeJson } from './command.js';
import { describeHolder, table } from './say.js';
import { readTls } from './tls.js';

interface AuditFlags {
  readonly databaseUrl?: string;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly json?: true;
}

/** `keyturn audit`. */
export function auditCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command('audit')
    .description('Read a database that keyturn may never have seen, and say what a rotation today would break')
    .option(
      '--database-url <url>',
      'postgres://USER@HOST:PORT/DATABASE or mysql://…, without the password (or KEYTURN_DATABASE_URL)',
    )
    .option('--tls-ca <file>', 'PEM file of the certificate authority (default: those of the system)')
    .option('--no-tls', 'send everything in clear text')
    .option('--json', 'print one JSON document and nothing else on the standard output')
    .addHelpText(
      'after',
      `${exitCodes}

The password is read from KEYTURN_DATABASE_PASSWORD: arguments can be read by every account of the machine.
PostgreSQL is read in a read-only transaction; on MySQL and MariaDB every statement is a SELECT or a SHOW. Any login will do;
what it may not see is named. pg_read_all_stats (PostgreSQL), or PROCESS and SELECT on mysql.* show all.

Example:
  KEYTURN_DATABASE_PASSWORD=… keyturn audit --database-url postgres://auditor@db.internal:5432/orders`,
    )
    .action(async (flags: AuditFlags) => {
      finish(await audit(flags, terminal));
    });
}

async function audit(flags: AuditFlags, terminal: Terminal): Promise<number> {
  const { url, password } = target(flags, terminal);
  const isMysql = url.protocol === 'mysql:' || url.protocol === 'mariadb:';
  const tls = flags.tls === false ? false : flags.tlsCa === undefined ? true : { ca: flags.tlsCa };
  const endpoint: Endpoint = {
    name: 'server',
    kind: 'writer',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port === '' ? (isMysql ? 3306 : 5432) : url.port),
    database: decodeURIComponent(url.pathname.slice(1)),
    tls: readTls(tls, { folder: terminal.cwd, env: terminal.env }),
  };
  const login = { user: decodeURIComponent(url.username), password };
  return await guarded(
    endpoint.database,
    flags,
    terminal,
    async () => {
      const found = isMysql
        ? await (await import('@keyturn/rotation/mysql')).auditMysql(endpoint, login)
        : await (await import('@keyturn/rotation')).auditPostgres(endpoint, login);
      if (flags.json === true) writeJson(terminal, found);
      else terminal.stdout.write(`${describe(found).map(printable).join('\n')}\n`);
      return found.findings.length > 0 ? 1 : 0;
    },
    'Nothing was changed.',
  );
}

function target(flags: AuditFlags, { env }: Terminal): { readonly url: URL; readonly password: string } {
  const text = flags.databaseUrl ?? env['KEYTURN_DATABASE_URL'];
  if (text === undefined || text === '')
    throw new UsageError('Name the database: --database-url postgres://USER@HOST:PORT/DATABASE.');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // The error of the parser would show the URL, and what may stand in it.
    throw new UsageError('The database URL cannot be read. Write postgres://USER@HOST:PORT/DATABASE or mysql://….');
  }
  if (!['postgres:', 'postgresql:', 'mysql:', 'mariadb:'].includes(url.protocol))
    throw new UsageError(`The database URL begins with ${printable(url.protocol)}//. Write postgres:// or mysql://.`);
  if (url.username === '' || url.pathname.length < 2)
    throw new UsageError('The database URL needs a user and a database: postgres://USER@HOST:PORT/DATABASE.');
  if (flags.databaseUrl !== undefined && url.password !== '') {
    throw new UsageError(
      'The password in --database-url can be read by every account of this machine. Give it in KEYTURN_DATABASE_PASSWORD, and change it where that matters.',
    );
  }
  const password = env['KEYTURN_DATABASE_PASSWORD'] ?? decodeURIComponent(url.password);
  if (password === '') throw new UsageError('Set KEYTURN_DATABASE_PASSWORD to the password of that user.');
  return { url, password };
}

function describe({ server, database, users, knownPairs, findings, notSeen }: Audit): string[] {
  const now = Date.now();
  return [
    `${database} on ${server}: ${users.length} users, ${findings.length} findings. Nothing was changed.`,
    ...table([
      ['user', 'second user', 'owns', 'member of', 'sessions'],
      ...users.map(({ user, partner, owns, memberOf, sessions }) => [
        user,
        partner ?? '-',
        String(owns),
        memberOf.join(', ') || '-',
        String(sessions.length),
      ]),
    ]),
    ...users.flatMap(({ sessions }) => sessions.map((holder) => `    ${describeHolder(holder, now)}`)),
    ...(knownPairs.length === 0 ? [] : [`  keyturn rotates here: ${knownPairs.join(', ')}`]),
    ...findings.flatMap(({ id, says, advice }) => [`  ${says} [${id}]`, `    ${advice}`]),
    ...notSeen.map((what) => `  not seen: ${what}`),
  ];
}
