import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { Credential, VersionStage } from '@keyturn/plan';

import { type Store, StoreConflictError, type StoredCredential, StoreError, type StoredVersion } from '../../store.js';
import { removeLeftovers, replaceFile } from './atomic-file.js';
import { withFileLock } from './file-lock.js';
import { defaultTemplate, render } from './template.js';

/** Where the file is, what it looks like, and who is told. */
export interface EnvFileStoreOptions {
  /** The file that applications read. Versions are kept beside it in `<path>.keyturn`. */
  readonly path: string;
  /** Text with `${DB_USER}`, `${DB_PASSWORD}` and `${DB_GENERATION}`. Default: one line for each. */
  readonly template?: string;
  /** Processes to signal after each publication. Default: nobody; applications watch the file. */
  readonly notify?: { readonly signal: NodeJS.Signals; readonly pids: readonly number[] | (() => readonly number[]) };
}

interface Held extends Credential {
  readonly token: string;
  readonly stage: VersionStage;
}

type Versions = Readonly<Record<string, Held>>;

/** A file that applications read, rendered in one step with mode 0600. */
export class EnvFileStore implements Store {
  readonly name: string;
  readonly #path: string;
  readonly #template: string;
  readonly #notify: EnvFileStoreOptions['notify'];
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws StoreError when the template does not hold both user and password. */
  constructor(options: EnvFileStoreOptions) {
    this.#path = path.resolve(options.path);
    this.#template = options.template ?? defaultTemplate;
    this.#notify = options.notify;
    this.name = `env-file ${options.path}`;
    render(this.#template, { user: 'user', password: 'password', generation: 0 });
  }

  async readPublished(): Promise<StoredCredential | undefined> {
    const versions = await this.#read();
    const version = publishedOf(versions);
    return version === undefined ? undefined : storedOf(version, versions[version]);
  }

  async readVersion(version: string): Promise<StoredCredential | undefined> {
    return storedOf(version, (await this.#read())[version]);
  }

  async writePending(credential: Credential, { token }: { readonly token: string }): Promise<string> {
    return await this.#alone(() => this.#writePending(credential, token));
  }

  async publish(version: string, options: { readonly expectedCurrent: string | undefined }): Promise<void> {
    await this.#alone(() => this.#publish(version, options.expectedCurrent));
    this.#tell();
  }

  async discardPending(version: string): Promise<void> {
    await this.#alone(async () => {
      const { [version]: found, ...others } = await this.#read();
      if (found?.stage === 'pending') await this.#write(others);
    });
  }

  async versions(): Promise<readonly StoredVersion[]> {
    return Object.entries(await this.#read()).map(([version, { stage }]) => ({ version, stage }));
  }

  async #writePending(credential: Credential, token: string): Promise<string> {
    const versions = await this.#read();
    for (const [version, held] of Object.entries(versions)) if (held.token === token) return version;
    render(this.#template, credential);
    const version = randomUUID();
    const { user, password, generation } = credential;
    await this.#write({ ...versions, [version]: { user, password, generation, token, stage: 'pending' } });
    return version;
  }

  /** The file first and the record of it second: a crash between the two is mended by publishing once more. */
  async #publish(version: string, expectedCurrent: string | undefined): Promise<void> {
    const versions = await this.#read();
    const next = versions[version];
    if (next === undefined) {
      throw new StoreError(`${this.name}: there is no version ${version}, so it cannot be published.`);
    }
    const current = publishedOf(versions);
    if (current !== version && current !== expectedCurrent) {
      throw new StoreConflictError(this.name, expectedCurrent, current);
    }
    await this.#replace(this.#path, render(this.#template, next));
    if (current !== version) await this.#write(promoted(versions, version, next));
  }

  /** One writer at a time on this machine, and nothing left of one that was killed. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const inTurn = this.#turn.then(async () => {
      try {
        return await withFileLock(`${this.#path}.keyturn.lock`, async () => {
          await removeLeftovers(this.#path);
          return await work();
        });
      } catch (cause) {
        throw cause instanceof StoreError ? cause : this.#failure('cannot be written', cause);
      }
    });
    this.#turn = inTurn.catch(() => undefined);
    return await inTurn;
  }

  async #read(): Promise<Versions> {
    const file = `${this.#path}.keyturn`;
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw this.#failure('cannot be read', cause);
    }
    try {
      const parsed = JSON.parse(text) as { format?: unknown; versions?: Versions };
      if (parsed.format === 1 && typeof parsed.versions === 'object') return parsed.versions;
    } catch {
      // The error of the parser would show a piece of the file.
    }
    throw new StoreError(
      `${file} is not a version file of keyturn. Put it back from a backup; it holds the passwords that are in use.`,
    );
  }

  async #write(versions: Versions): Promise<void> {
    await this.#replace(`${this.#path}.keyturn`, `${JSON.stringify({ format: 1, versions }, undefined, 2)}\n`);
  }

  async #replace(file: string, text: string): Promise<void> {
    await replaceFile(file, text).catch((cause: unknown) => {
      throw this.#failure('cannot be written', cause);
    });
  }

  /** A process that is gone needs no news. */
  #tell(): void {
    const { signal, pids = [] } = this.#notify ?? {};
    if (signal === undefined) return;
    for (const pid of typeof pids === 'function' ? pids() : pids) {
      try {
        process.kill(pid, signal);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ESRCH')
          throw this.#failure(`published, but process ${pid} was not told`, cause);
      }
    }
  }

  #failure(what: string, cause: unknown): StoreError {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    return new StoreError(`${this.name} ${what} (${code}). Check the folder's rights and free space.`, { cause });
  }
}

function publishedOf(versions: Versions): string | undefined {
  return Object.keys(versions).find((version) => versions[version]?.stage === 'current');
}

/** Current becomes previous, and what was previous before that is forgotten. */
function promoted(versions: Versions, version: string, next: Held): Versions {
  const kept = Object.entries(versions).flatMap(([name, held]): [string, Held][] => {
    if (name === version) return [[name, { ...next, stage: 'current' }]];
    if (held.stage === 'previous') return [];
    return [[name, held.stage === 'current' ? { ...held, stage: 'previous' } : held]];
  });
  return Object.fromEntries(kept);
}

function storedOf(version: string, held: Held | undefined): StoredCredential | undefined {
  if (held === undefined) return undefined;
  const { user, password, generation, stage } = held;
  return { version, user, password, generation, stage };
}
