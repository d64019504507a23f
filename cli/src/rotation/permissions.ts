import { printable } from '@keyturn/findings';
import type { Permissions, PermissionsOptions } from '@keyturn/rotation';
import { Command } from 'commander';

import type { Terminal } from '../command/terminal.js';
import { UsageError } from '../errors.js';
import type { PairConfig } from './config.js';
import { configOf, exitCodes, type Flags, guarded, writeJson } from './command.js';
import type { ServerConfig } from './databases/endpoints.js';
import { onlyPair } from './open.js';
import { storeKinds } from './stores/index.js';

interface PermissionsFlags extends Flags {
  readonly serverVersion: string;
  readonly mariadb?: true;
  readonly managed?: string;
  readonly endSessions: boolean;
}

/** `keyturn permissions`. */
export function permissionsCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command('permissions')
    .description('Print the rights that the rotator of a pair needs, for a DBA: SQL, and what the store must allow')
    .argument('[pair]', 'name of the pair in the configuration; needed where there are several')
    .requiredOption('--server-version <number>', 'version of the database server, such as 16 or 10.11')
    .option('--mariadb', 'the server is a MariaDB, and not a MySQL')
    .option('--managed <service>', 'rds: Amazon RDS or Aurora')
    .option('--no-end-sessions', 'leave out the right to end the sessions of a compromised credential')
    .option('--config <file>', 'the configuration (default: keyturn.rotation.yaml here or above)')
    .option('--json', 'print one JSON document and nothing else on the standard output')
    .addHelpText(
      'after',
      `${exitCodes}

Nothing is connected to and nothing is changed. The statements are for after "keyturn bootstrap", and are those that the
tests of keyturn rotate with.

Example:
  keyturn permissions orders --server-version 16 | psql --single-transaction`,
    )
    .action(async (pair: string | undefined, flags: PermissionsFlags) => {
      finish(await print(pair, flags, terminal));
    });
}

async function print(given: string | undefined, flags: PermissionsFlags, terminal: Terminal): Promise<number> {
  const config = configOf(flags, terminal);
  const name = onlyPair(config, given);
  const pair = config.pairs.get(name);
  if (pair === undefined)
    throw new UsageError(`There is no pair "${name}". There are ${[...config.pairs.keys()].join(', ')}.`);
  return await guarded(
    name,
    flags,
    terminal,
    async () => {
      const { permissions } = await import('@keyturn/rotation');
      const database = permissions(optionsOf(name, pair, flags));
      const store = storeKinds.find(({ kind }) => kind === pair.store.kind)?.rights(pair.store, pair.users) ?? [];
      if (flags.json === true) writeJson(terminal, { pair: name, ...database, store });
      else terminal.stdout.write(`${describe(name, pair, database, store).join('\n')}\n`);
      return 0;
    },
    'Nothing was changed.',
  );
}

function optionsOf(name: string, pair: PairConfig, flags: PermissionsFlags): PermissionsOptions {
  const { strategy } = pair.plan;
  const { serverVersion: version, managed, mariadb, endSessions: endsSessions } = flags;
  if (strategy === 'dynamic') throw new UsageError('The strategy "dynamic" has nothing to rotate.');
  if (managed !== undefined && managed !== 'rds') throw new UsageError(`--managed can be rds, not "${managed}".`);
  const isPostgres = pair.database.kind === 'postgres';
  if (isPostgres && mariadb === true) throw new UsageError(`"${name}" is on PostgreSQL; leave out --mariadb.`);
  const { admin, rotator } = pair.database as unknown as ServerConfig & {
    readonly rotator?: string | { readonly user: string; readonly host: string };
  };
  const login = typeof rotator === 'object' ? rotator : { user: rotator ?? admin.user };
  return {
    engine: isPostgres ? 'postgres' : mariadb === true ? 'mariadb' : 'mysql',
    version,
    strategy,
    pair: { name, sharedRole: pair.sharedRole, users: pair.users },
    rotator: login.user,
    ...('host' in login && { host: login.host }),
    ...(managed !== undefined && { managed }),
    endsSessions,
  };
}

/** SQL with comments, so that it can be given to the client as it is. */
function describe(name: string, pair: PairConfig, database: Permissions, store: readonly string[]): string[] {
  return [
    `-- ${name}: rights of the rotator on the database`,
    ...database.statements.map((statement) => `${statement};`),
    ...database.notes.map((note) => `-- ${note}`),
    `-- ${name}: what the store ${pair.store.kind} must allow`,
    ...store.flatMap((right) => right.split('\n').map((line) => `--   ${line}`)),
  ].map(printable);
}
