import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { Credential } from '@keyturn/plan';

import type { SourceFile } from '../observation.js';
import { type HttpWire } from '../wire/http-wire.js';
import type { Address } from './database.js';
import { type Delivery, RehearsalUsageError, type RehearseOptions } from './options.js';
import { secretsManagerCourier, vaultCourier } from './store-courier.js';

/** How credentials reach the application. */
export interface Courier {
  /** Absent when there is no file. */
  readonly source?: SourceFile;
  /** Absent when the credential does not come from a store. */
  readonly wire?: HttpWire;
  /** What stands in the environment of an instance that starts now. */
  env(): Readonly<Record<string, string | undefined>>;
  /** What an instance that starts now is given in its environment. */
  given?(): Credential;
  deliver(credential: Credential): Promise<void>;
  end(): Promise<void>;
}

/**
 * @param key of the fingerprints of the run
 * @throws RehearsalUsageError when the file is there already: a rehearsal overwrites nothing.
 * @throws PartMissing when the store cannot be had.
 */
export async function courierOf(
  options: Pick<RehearseOptions, 'cwd' | 'credentialFile'> & { readonly delivery: Delivery },
  folder: string,
  at: Address,
  key: string,
): Promise<Courier> {
  const address = { DB_HOST: at.host, DB_PORT: String(at.port), DB_NAME: at.database };
  switch (options.delivery) {
    case 'env':
      return inEnvironment();
    case 'file':
      return inFile();
    case 'secrets-manager':
      return await secretsManagerCourier(at, key);
    case 'vault':
      return await vaultCourier(at, key);
  }

  function inEnvironment(): Courier {
    let held: Credential | undefined;
    const given = (): Credential => {
      if (!held) throw new RangeError('Nothing was delivered yet.');
      return held;
    };
    return {
      env: () => ({ ...address, ...addressNames(at), ...credentialNames(at, given()) }),
      given,
      deliver: async (credential) => {
        held = credential;
        await Promise.resolve();
      },
      end: async () => await Promise.resolve(),
    };
  }

  function inFile(): Courier {
    const file = path.resolve(options.cwd, options.credentialFile ?? path.join(folder, 'database.env'));
    if (existsSync(file)) {
      throw new RehearsalUsageError(
        `The credential file ${options.credentialFile ?? file} is there already, and a rehearsal overwrites nothing. Name another one, or move it away.`,
      );
    }
    return {
      source: { path: file, user: 'DB_USER', password: 'DB_PASSWORD' },
      env: () => ({ ...address, ...addressNames(at), DB_CREDENTIALS: file }),
      deliver: async ({ user, password, generation }) => {
        const lines = { ...address, DB_USER: user, DB_PASSWORD: password, DB_GENERATION: String(generation) };
        const next = `${file}.next`;
        const text = Object.entries(lines).map(([name, value]) => `${name}=${value}\n`);
        await writeFile(next, text.join(''), { mode: 0o600 });
        await rename(next, file);
      },
      end: async () => await rm(file, { force: true }),
    };
  }
}

/** The names that programs of the database's own world read. */
function addressNames({ kind, host, port, database }: Address): Readonly<Record<string, string>> {
  return kind === 'postgres'
    ? { PGHOST: host, PGPORT: String(port), PGDATABASE: database }
    : { MYSQL_HOST: host, MYSQL_PORT: String(port), MYSQL_DATABASE: database };
}

function credentialNames(
  { kind, host, port, database }: Address,
  { user, password }: Credential,
): Readonly<Record<string, string>> {
  // Of what reads a URL, only MariaDB's own connector wants another scheme for MariaDB.
  const scheme = kind === 'postgres' ? 'postgres' : 'mysql';
  return {
    DB_USER: user,
    DB_PASSWORD: password,
    ...(kind === 'postgres' ? { PGUSER: user, PGPASSWORD: password } : { MYSQL_USER: user, MYSQL_PASSWORD: password }),
    DATABASE_URL: `${scheme}://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}/${database}`,
  };
}
