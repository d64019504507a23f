import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';

import type { CredentialSource } from '../credential-source.js';
import { CredentialSourceError } from '../errors.js';
import { countChanges } from './from-function.js';
import { watchFile } from './watch-file.js';

export interface EnvFileOptions {
  readonly path: string;
  /** Name of the variable with the user. Default: `DB_USER`. */
  readonly user?: string;
  /** Name of the variable with the password. Default: `DB_PASSWORD`. */
  readonly password?: string;
  /** Name of the variable with the generation; when the file has none, each change counts as one. Default: `DB_GENERATION`. */
  readonly generation?: string;
  /** How often the file is looked at when the system announces no change, in milliseconds. Default: 2 000. */
  readonly pollMillis?: number;
}

/** A credential source from a `.env` file, which may be replaced or rewritten at any time. */
export function envFile(options: EnvFileOptions): CredentialSource {
  const {
    path,
    user = 'DB_USER',
    password = 'DB_PASSWORD',
    generation = 'DB_GENERATION',
    pollMillis = 2_000,
  } = options;
  const numbered = countChanges();
  return {
    async read(signal) {
      const variables = parseEnv(await textOf(path, signal));
      const counted = variables[generation];
      if (counted !== undefined && !/^\d+$/.test(counted)) {
        throw new CredentialSourceError(
          `${path}: ${generation} must be a whole number, got ${counted === '' ? 'an empty text' : 'something else'}.`,
        );
      }
      return numbered({
        user: required(variables, user, path),
        password: required(variables, password, path),
        ...(counted === undefined ? {} : { generation: Number(counted) }),
      });
    },
    watch: (onChange) => watchFile(path, pollMillis, onChange),
  };
}

async function textOf(path: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await readFile(path, { encoding: 'utf8', ...(signal ? { signal } : {}) });
  } catch (cause) {
    throw new CredentialSourceError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function required(variables: NodeJS.Dict<string>, name: string, path: string): string {
  const value = variables[name];
  if (value === undefined || value === '') {
    throw new CredentialSourceError(
      `${path} has ${value === '' ? `an empty ${name}` : `no ${name}`}; write a line ${name}=…, or name another variable.`,
    );
  }
  return value;
}
