import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';

import type { CredentialSource } from '../credential-source.js';
import { CredentialSourceError } from '../errors.js';
import { countChanges, type FunctionCredential } from './from-function.js';
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

/**
 * A credential source from a mounted Secret. Kubernetes swaps the link `..data`; user and password are read from the same side of the swap.
 * Files with `previous-` before those names, as keyturn's SyncedSecret and RotationJob write them, are the fallback.
 */
export function mountedFiles(options: MountedFilesOptions): CredentialSource {
  const { folder, generation = 'generation', pollMillis = 2_000 } = options;
  const user = options.user ?? keyNames.user;
  const password = options.password ?? keyNames.password;
  const numbered = countChanges();
  const credential = async (prefix: '' | 'previous-', signal: AbortSignal | undefined): Promise<FunctionCredential> => {
    const version = await versionOf(folder);
    const text = async (name: string): Promise<string | undefined> => await textOf(version, `${prefix}${name}`, signal);
    const [userText, passwordText, counted] = await Promise.all([text(user), text(password), text(generation)]);
    if (counted !== undefined && !/^\d+$/.test(counted)) {
      throw new CredentialSourceError(`${path.join(folder, `${prefix}${generation}`)} must hold a whole number.`);
    }
    return {
      user: required(userText, folder, `${prefix}${user}`),
      password: required(passwordText, folder, `${prefix}${password}`),
      ...(counted === undefined ? {} : { generation: Number(counted) }),
    };
  };
  return {
    read: async (signal) => numbered(await credential('', signal)),
    async readPrevious(signal) {
      const there = await textOf(await versionOf(folder), `previous-${user}`, signal);
      if (there === undefined || there === '') return undefined;
      const { generation: counted = 0, ...previous } = await credential('previous-', signal);
      return { ...previous, generation: counted };
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
