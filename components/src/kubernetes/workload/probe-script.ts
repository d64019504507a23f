import { poolerRefusal, postgresAuthenticationCodes } from '@keyturn/plan';

/** How a container tries whether the credential logs in. */
export type LoginProbe = NodePgLogin | PsqlLogin | CommandLogin;

interface ToPostgres {
  readonly host: string;
  /** Default: 5432. */
  readonly port?: number;
  readonly database: string;
  /** Default: certificates are verified. `off` sends the password over a connection that anybody on the way can read. */
  readonly tls?: 'verify-full' | 'off';
}

/** With Node and the application's own `pg`, found from the container's working folder. Refusals are told from other trouble by SQLSTATE, and PgBouncer's by their text. */
export interface NodePgLogin extends ToPostgres {
  readonly by: 'node-pg';
}

/** With `psql`. It shows no SQLSTATE, so a refusal is told by its text in English; in other languages it counts as no answer. */
export interface PsqlLogin extends ToPostgres {
  readonly by: 'psql';
}

/** With a command of the image: the credential is in the environment (`DB_USER`, `DB_PASSWORD`). Exit code 0: it logs in; 3: it is refused; any other: no answer. */
export interface CommandLogin {
  readonly by: 'command';
  readonly command: readonly string[];
}

export const scriptsFolder = '/keyturn';
export const latchFolder = '/run/keyturn';

/** Exit code by which a login says that it was refused. */
const refusedCode = 3;

export interface ProbeOptions {
  readonly login: LoginProbe;
  /** Lines that set `user`, `password` and `generation`. */
  readonly credential: readonly string[];
  /** The oldest generation that this pod may serve with. Default: any. */
  readonly atLeast?: number | undefined;
  /** Where the latch and the scripts are. */
  readonly latch?: string;
  readonly scripts?: string;
}

/** Files that the container needs: `probe.sh`, and `login.cjs` where Node logs in. */
export function probeScripts(options: ProbeOptions): Readonly<Record<string, string>> {
  const { login, credential, atLeast, latch = latchFolder, scripts = scriptsFolder } = options;
  const probe = [
    '#!/bin/sh',
    '# Ready after one login per pod and generation. A database that does not answer later changes nothing.',
    'set -u',
    `latch='${latch}'`,
    ...credential,
    'case $generation in "" | *[!0-9]*) echo "the generation is not a number"; exit 1 ;; esac',
    ...(atLeast === undefined
      ? []
      : [
          `if [ "$generation" -lt ${atLeast} ]; then echo "holds generation $generation, and ${atLeast} is needed"; exit 1; fi`,
        ]),
    '[ -e "$latch/ready-$generation" ] && exit 0',
    'export DB_USER="$user" DB_PASSWORD="$password"',
    'if [ -n "$user" ] && [ -n "$password" ]; then',
    loginLine(login, scripts),
    'code=$?',
    'else code=4; fi',
    'if [ "$code" -eq 0 ]; then : >"$latch/ready-$generation"; exit; fi',
    `if [ "$code" -eq ${refusedCode} ]; then echo "the login of generation $generation is refused"; exit 1; fi`,
    '# Nobody answered: a pod that was ready stays ready, a new one waits.',
    'set -- "$latch"/ready-*',
    '[ -e "$1" ] && exit 0',
    'echo "no credential, or no answer to the first login"',
    'exit 1',
    '',
  ];
  return {
    'probe.sh': probe.join('\n'),
    ...(login.by === 'node-pg' ? { 'login.cjs': nodeLogin } : {}),
  };
}

function loginLine(login: LoginProbe, scripts: string): string {
  switch (login.by) {
    case 'command':
      return login.command.map(quoted).join(' ');
    case 'node-pg':
      return `${variablesOf(login)} node '${scripts}/login.cjs'`;
    case 'psql':
      return (
        `answer=$(${variablesOf(login)} PGUSER="$user" PGPASSWORD="$password" LC_ALL=C psql -X -w -q -c 'SELECT 1' 2>&1 >/dev/null) || ` +
        `case $answer in *"authentication failed"* | *"not permitted to log in"*) (exit ${refusedCode}) ;; *) (exit 4) ;; esac`
      );
  }
}

function variablesOf({ host, port = 5432, database, tls = 'verify-full' }: ToPostgres): string {
  const mode = tls === 'off' ? 'disable' : 'verify-full';
  return `PGHOST=${quoted(host)} PGPORT=${port} PGDATABASE=${quoted(database)} PGSSLMODE=${mode} PGCONNECT_TIMEOUT=3`;
}

/** A word of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Runs with the application's own driver, so it is CommonJS and asks for nothing else. */
const nodeLogin = `'use strict';
const { createRequire } = require('node:module');
const { Client } = createRequire(process.cwd() + '/')('pg');
const { DB_USER: user, DB_PASSWORD: password, PGSSLMODE } = process.env;
const ssl = PGSSLMODE === 'disable' ? false : { rejectUnauthorized: true };
const client = new Client({ user, password, ssl, connectionTimeoutMillis: 3000 });
client.on('error', () => undefined);
// A PgBouncer has one code for everything, and only its text tells.
const isRefusal = ({ code, message }) =>
  ${JSON.stringify([...postgresAuthenticationCodes])}.includes(code) || (code === '08P01' && ${String(poolerRefusal)}.test(message));
client
  .connect()
  .then(() => client.end())
  .then(
    () => process.exit(0),
    (error) => process.exit(isRefusal(error) ? ${refusedCode} : 4),
  );
`;
