import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { orNotRun, startMariadb, startMoto, startMysql, startOpenBao, startPostgres } from '@keyturn/services';

import { asAdmin, type KillDatabase } from '../../../rotation/src/kill/databases.js';
import { loadDriver } from '../../../rotation/src/kill/driver.js';
import { ownDriver } from '../../../rotation/src/kill/run-cases.js';
import type { KillStore } from '../../../rotation/src/kill/stores.js';

export const databases = ['postgres', 'mysql', 'mariadb'] as const satisfies readonly KillDatabase['kind'][];
export const stores = ['env-file', 'aws-secrets-manager', 'vault'] as const satisfies readonly KillStore['kind'][];

/** What one of the parts is, or why it is not. */
export type Part<T> = { readonly part: T } | { readonly because: string };

/** Starts each server once, when it is needed first, and stops them all. */
export class Servers {
  readonly #stops: (() => Promise<void>)[] = [];
  readonly #databases = new Map<string, Promise<Part<KillDatabase>>>();
  readonly #stores = new Map<string, Promise<Part<KillStore>>>();

  database(kind: KillDatabase['kind']): Promise<Part<KillDatabase>> {
    return once(this.#databases, kind, () => this.#startDatabase(kind));
  }

  store(kind: KillStore['kind']): Promise<Part<KillStore>> {
    return once(this.#stores, kind, () => this.#startStore(kind));
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop();
  }

  async #startDatabase(kind: KillDatabase['kind']): Promise<Part<KillDatabase>> {
    const settings = { max_connections: 400 };
    const started = await orNotRun(
      async () =>
        await (kind === 'postgres'
          ? startPostgres({ settings })
          : kind === 'mysql'
            ? startMysql({ settings })
            : startMariadb({ settings })),
      // It needs mvn.
      { optional: kind === 'mysql' },
    );
    if (started.part === undefined) return { because: started.because };
    const { host, port, superuser: user, superuserPassword: password, stop } = started.part;
    this.#stops.push(stop);
    const name = kind === 'postgres' ? 'postgres' : 'app';
    const database: KillDatabase = { kind, host, port, name, admin: { user, password } };
    if (kind !== 'postgres') await asAdmin(database, 'CREATE DATABASE app');
    await this.#journal(database);
    return { part: database };
  }

  /** The tables of the journal, so that every run finds the same server. */
  async #journal(database: KillDatabase): Promise<void> {
    const own = await loadDriver(ownDriver);
    const { host, port, name } = database;
    const pair = { run: 'bootstrap', resume: false, strategy: 'dual-user', pair: 'first', lifetimeMs: 0 } as const;
    const writer = { name: 'writer', kind: 'writer', host, port, database: name, tls: false } as const;
    const job = { ...pair, database, endpoints: [writer], store: { kind: 'env-file', path: '/dev/null' } } as const;
    await own.prepare(job);
    await own.run(job);
  }

  async #startStore(kind: KillStore['kind']): Promise<Part<KillStore>> {
    if (kind === 'env-file') {
      const folder = await mkdtemp(path.join(tmpdir(), 'keyturn-bench-kill-'));
      this.#stops.push(() => rm(folder, { recursive: true, force: true }));
      return { part: { kind, folder } };
    }
    if (kind === 'vault') {
      const { part, because } = await orNotRun(startOpenBao);
      if (part === undefined) return { because };
      this.#stops.push(part.stop);
      return { part: { kind, url: part.url, token: part.rootToken } };
    }
    const { part, because } = await orNotRun(startMoto);
    if (part === undefined) return { because };
    this.#stops.push(part.stop);
    return { part: { kind, url: part.url } };
  }
}

function once<T>(known: Map<string, Promise<T>>, kind: string, start: () => Promise<T>): Promise<T> {
  const found = known.get(kind) ?? start();
  known.set(kind, found);
  return found;
}
