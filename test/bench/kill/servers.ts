import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import {
  orNotRun,
  startKeyVaultStandIn,
  startKubernetesStandIn,
  startMariadb,
  startMoto,
  startMysql,
  startOpenBao,
  startPgbouncer,
  startPostgres,
  startProxysql,
} from '@keyturn/services';

import { asAdmin, type KillDatabase, type KillPooler } from '../../../rotation/src/kill/databases.js';
import { loadDriver, type Scope } from '../../../rotation/src/kill/driver.js';
import { ownDriver } from '../../../rotation/src/kill/run-cases.js';
import type { KillStore } from '../../../rotation/src/kill/stores.js';

export const databases = ['postgres', 'mysql', 'mariadb'] as const satisfies readonly KillDatabase['kind'][];
export const stores = [
  'env-file',
  'aws-secrets-manager',
  'vault',
  'azure-key-vault',
  'kubernetes',
] as const satisfies readonly KillStore['kind'][];

/** What one of the parts is, or why it is not. */
export type Part<T> = { readonly part: T } | { readonly because: string };

export interface Parts {
  readonly database: KillDatabase;
  readonly store: KillStore;
  readonly pooler?: KillPooler;
}

/** Starts each server once, when it is needed first, and stops them all. */
export class Servers {
  readonly #stops: (() => Promise<void>)[] = [];
  readonly #databases = new Map<string, Promise<Part<KillDatabase>>>();
  readonly #stores = new Map<string, Promise<Part<KillStore>>>();
  readonly #poolers = new Map<string, Promise<Part<KillPooler>>>();

  async all(scope: Pick<Scope, 'database' | 'store' | 'pooler'>): Promise<Parts | { readonly because: string }> {
    const database = await once(this.#databases, scope.database, () => this.#startDatabase(scope.database));
    if ('because' in database) return { because: `${scope.database}: because ${database.because}` };
    const store = await once(this.#stores, scope.store, () => this.#startStore(scope.store));
    if ('because' in store) return { because: `${scope.store}: because ${store.because}` };
    const parts = { database: database.part, store: store.part };
    if (scope.pooler === 'none') return parts;
    const pooler = await once(this.#poolers, scope.database, () => this.#startPooler(database.part));
    if ('because' in pooler) return { because: `${scope.pooler}: because ${pooler.because}` };
    return { ...parts, pooler: pooler.part };
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

  /** It forgets soon what it keeps open, and that a login failed, so that cases do not wait for one another. */
  async #startPooler(database: KillDatabase): Promise<Part<KillPooler>> {
    if (database.kind !== 'postgres') return await this.#startProxysql(database);
    const settings = { max_client_conn: 1_000, server_idle_timeout: 15, server_login_retry: 1 };
    const { part, because } = await orNotRun(() => startPgbouncer({ upstream: database, settings }));
    if (part === undefined) return { because };
    this.#stops.push(part.stop);
    const { host, port, adminUser: user, adminPassword: password, userlist } = part;
    return { part: { kind: 'pgbouncer', host, port, console: { user, password }, userlist } };
  }

  async #startProxysql(database: KillDatabase): Promise<Part<KillPooler>> {
    // No registry has it.
    const { part, because } = await orNotRun(() => startProxysql({ upstream: database }), { optional: true });
    if (part === undefined) return { because };
    this.#stops.push(part.stop);
    const { host, port, adminPort: consolePort, adminUser: user, adminPassword: password } = part;
    return { part: { kind: 'proxysql', host, port, consolePort, console: { user, password } } };
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
    const start = {
      'aws-secrets-manager': startMoto,
      'azure-key-vault': startKeyVaultStandIn,
      kubernetes: startKubernetesStandIn,
    }[kind];
    const { part, because } = await orNotRun<{ readonly url: string; stop(): Promise<void> }>(() => start());
    if (part === undefined) return { because };
    this.#stops.push(() => part.stop());
    return { part: { kind, url: part.url } };
  }
}

function once<T>(known: Map<string, Promise<T>>, kind: string, start: () => Promise<T>): Promise<T> {
  const found = known.get(kind) ?? start();
  known.set(kind, found);
  return found;
}
