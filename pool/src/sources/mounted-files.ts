import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';

import type { CredentialSource } from '../credential-source.js';
import { CredentialSourceError } from '../errors.js';
import { countChanges } from './from-function.js';
import { watchFile } from './watch-file.js';

export interface MountedFilesOptions {
  /** Where the Secret is mounted, one file per key; without `subPath`, which never follows a change. */
  readonly folder: string;
  /** Name of the file with the user. Default: `username`. */
  readonly user?: string;
  /** Name of the file with the password. Default: `password`. */
  readonly password?: string;
  /** Name of the file with the generation; when there is none, each change counts as one. Default: `generation`. */
  readonly generation?: string;
  /** How often the files are looked at when the system announces no change, in milliseconds. Default: 2 000. */
  readonly pollMillis?: number;
}

/** The keys of a Secret of type kubernetes.io/basic-auth. */
const keyNames = { user: 'username', password: 'password' } as const;

/** A credential source from a mounted Secret. Kubernetes swaps the link `..data`; user and password are read from the same side of the swap. */
export function mountedFiles(options: MountedFilesOptions): CredentialSource {
  const { folder, generation = 'generation', pollMillis = 2_000 } = options;
  const user = options.user ?? keyNames.user;
  const password = options.password ?? keyNames.password;
  const numbered = countChanges();
  return {
    async read(signal) {
      const version = await versionOf(folder);
      const text = (name: string): Promise<string | undefined> => textOf(version, name, signal);
      const [userText, passwordText, counted] = await Promise.all([text(user), text(password), text(generation)]);
      if (counted !== undefined && !/^\d+$/.test(counted)) {
        throw new CredentialSourceError(`${path.join(folder, generation)} must hold a whole number.`);
      }
      return numbered({
        user: required(userText, folder, user),
        password: required(passwordText, folder, password),
        ...(counted === undefined ? {} : { generation: Number(counted) }),
      });
    },
    watch: (onChange) => watchFile(path.join(folder, user), pollMillis, onChange),
  };
}

/** The folder behind `..data` as it is now: what is read there belongs together, also when the link is swapped meanwhile. */
async function versionOf(folder: string): Promise<string> {
  return await realpath(path.join(folder, '..data')).catch(() => folder);
}

async function textOf(folder: string, name: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    const text = await readFile(path.join(folder, name), { encoding: 'utf8', ...(signal ? { signal } : {}) });
    return text.replace(/\r?\n$/, '');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CredentialSourceError(`${path.join(folder, name)} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function required(text: string | undefined, folder: string, name: string): string {
  if (text !== undefined && text !== '') return text;
  throw new CredentialSourceError(
    `${folder} has ${text === undefined ? 'no' : 'an empty'} file ${name}; mount a Secret with that key, or name another file.`,
  );
}
