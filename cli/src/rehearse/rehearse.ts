import type * as Room from '@keyturn/rehearsal';
import { Command } from 'commander';

import { writeReport } from '../command/outputs.js';
import type { Terminal } from '../command/terminal.js';
import { UsageError } from '../errors.js';
import type { Flags } from './flags.js';

/** `keyturn rehearse`. `finish` gets the exit code. */
export function rehearseCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command('rehearse')
    .description('Prove that your application survives a rotation: a real database, load, rotations, faults, a verdict')
    .option('--app <command>', 'how the application is started; each instance gets a port in PORT')
    .option('--module <file>', 'rehearse the pool that a module exports, and no application')
    .option('--export <name>', 'the export of --module that has query(sql)', 'pool')
    .option(
      '--load <what>',
      'a request such as "GET /orders/1", a script that exports operations, or SQL for --module; may be given several times',
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option('--database <kind>', 'start one of its own: postgres (default), mysql or mariadb')
    .option(
      '--database-url <url>',
      'use this server, as postgres://, mysql:// or mariadb://: a database and users are made there, and removed (or KEYTURN_DATABASE_URL; the password is best given in KEYTURN_DATABASE_PASSWORD)',
    )
    .option('--setup <file>', 'SQL that makes the tables the application needs')
    .option(
      '--ready-url <url>',
      'path that answers 200 when an instance is ready (default: its port takes connections)',
    )
    .option('--port <number>', 'the port of an application that has a fixed one')
    .option('--instances <number>', 'instances of the application (default: 2; 1 with --port or --module)')
    .option('--rate <number>', 'requests per second, all instances together', '40')
    .option('--rotations <number>', 'how often to rotate', '3')
    .option('--strategy <name>', 'dual-user, dual-password (MySQL) or in-place', 'dual-user')
    .option(
      '--credentials <how>',
      'how the application gets them: file (its path is in DB_CREDENTIALS), env (DB_USER, DB_PASSWORD, DATABASE_URL; PGUSER and PGPASSWORD, or MYSQL_USER and MYSQL_PASSWORD), secrets-manager (its name is in DB_SECRET_ID, the API behind AWS_ENDPOINT_URL) or vault (its path is in DB_SECRET_PATH, the API at VAULT_ADDR)',
      'file',
    )
    .option('--credential-file <file>', 'where the file is written, such as .env; it must not exist')
    .option('--restart', 'replace the instances one by one after each rotation (always with --credentials env)')
    .option('--faults <list>', 'kill-rotator, restart-db, slow-store, stale-secret, lag')
    .option('--max-failed <number>', 'budget: requests that may fail', '0')
    .option('--max-gap <time>', 'budget: longest time without a success while requests wait (default: not judged)')
    .option('--max-drain <time>', 'budget: longest time until nobody holds the older credential', '10s')
    .option('--report <file>', 'where the report goes', 'report.html')
    .option('--junit <file>', 'also write JUnit XML')
    .option('--json', 'print the verdict as JSON and nothing else')
    .addHelpText('after', helpText)
    .action(async (flags: Flags) => {
      finish(await runRehearse(flags, terminal));
    });
}

const helpText = `
Exit codes:
  0  within the budget
  1  the budget is broken
  2  wrong usage
  3  it could not be rehearsed: the database or the application did not start

Examples:
  keyturn rehearse --app "npm start" --database postgres --setup schema.sql --ready-url /health --load "GET /orders/1"
  keyturn rehearse --app "npm start" --credentials env --strategy in-place --max-failed 0 --max-gap 250ms
  keyturn rehearse --app "node server.js" --faults kill-rotator,stale-secret --junit rehearsal.xml
  keyturn rehearse --module ./dist/db.js --export pool --load "SELECT 1"
  keyturn rehearse --app "npm start" --database mysql --setup schema.sql --load "GET /orders/1"`;

const signals = { SIGINT: 130, SIGTERM: 143 } as const;

async function runRehearse(flags: Flags, terminal: Terminal): Promise<number> {
  // Driver and report take half a second that --help need not wait for.
  const [{ optionsOf }, room] = await Promise.all([import('./flags.js'), import('@keyturn/rehearsal')]);
  const stopping = new AbortController();
  let stoppedWith = 0;
  const stop = (name: NodeJS.Signals): void => {
    stoppedWith = name === 'SIGTERM' ? signals.SIGTERM : signals.SIGINT;
    stopping.abort(new Error(`Stopped by ${name}.`));
  };
  for (const name of Object.keys(signals)) process.once(name, stop);
  try {
    const options = await optionsOf(flags, terminal);
    const rehearsal = await room.rehearse({
      ...options,
      signal: stopping.signal,
      onProgress: (line) => void terminal.stderr.write(`  ${line}\n`),
    });
    writeAll(rehearsal, flags, terminal, room);
    return rehearsal.verdict.passed ? 0 : 1;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof room.RehearsalUsageError) throw new UsageError(error.message, { cause: error });
    terminal.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    return stoppedWith === 0 ? 3 : stoppedWith;
  } finally {
    for (const name of Object.keys(signals)) process.off(name, stop);
  }
}

function writeAll(rehearsal: Room.Rehearsal, flags: Flags, { cwd, stdout }: Terminal, room: typeof Room): void {
  const { verdict } = rehearsal;
  writeReport(flags.report, cwd, room.rehearsalPage(rehearsal, flags.app ?? flags.module ?? ''));
  if (flags.junit !== undefined) writeReport(flags.junit, cwd, room.rehearsalJunit(verdict));
  stdout.write(flags.json === true ? `${JSON.stringify(verdict)}\n` : `${room.verdictText(verdict)}\n`);
}
