import {
  type HostDatabase,
  type HostPods,
  type HostSettings,
  type HostStore,
  type Plan,
  type SharedRoleKind,
} from '@keyturn/plan';
import * as pulumi from '@pulumi/pulumi';

import type { NamedPair } from '../../pair.js';
import { hostScheduleOf } from '../../schedule/host-schedule.js';
import type { RotationSchedule } from '../../schedule/rotation-schedule.js';
import { graduallySettings, type JobGradually } from './gradually.js';

/** The database that the job rotates. */
export interface JobDatabase {
  /** Default: `postgres`. */
  readonly engine?: 'postgres' | 'mysql' | 'mariadb';
  readonly host: pulumi.Input<string>;
  /** Default: 5432, or 3306. */
  readonly port?: number;
  readonly name: pulumi.Input<string>;
  /** Endpoints beside the writer; a login is tried on each before anything is published. Default: none. */
  readonly endpoints?: NonNullable<HostDatabase['endpoints']>;
  /**
   * The PgBouncers behind endpoints of kind pooler: their clients count as holders. In front of a MySQL or MariaDB they are ProxySQLs, which are
   * told of new passwords, too. Default: none.
   */
  readonly poolers?: readonly JobPooler[];
  /** A ConfigMap with the CA of the server, or `off`. Default: the certificates of the image. */
  readonly tls?: 'off' | { readonly configMap: string; readonly key: string };
}

/**
 * A PgBouncer that finds its users by `auth_query`: the job cannot write a list of users that another pod has. Or a ProxySQL, which has both users
 * in its `mysql_users`.
 */
export interface JobPooler {
  /** Name of the endpoint, of kind pooler, where applications log in to it. */
  readonly endpoint: string;
  /**
   * A Secret with the login of one of its `stats_users` or `admin_users`, or of the `admin-admin_credentials` of a ProxySQL: `username` and
   * `password`. It is made outside of Pulumi.
   */
  readonly consoleSecretName: pulumi.Input<string>;
  /** Where its console is, when that is not the endpoint: one entry for each pod behind a Service, by the names of a StatefulSet. */
  readonly host?: string;
  /** Default: that of the endpoint; of a ProxySQL, 6032. */
  readonly port?: number;
  /** In which form a ProxySQL gets a password. Default: `verifier`. */
  readonly passwordForm?: 'verifier' | 'clear-text';
}

/** The database cannot be looked after in this way; the message says why. */
export class JobDatabaseError extends Error {
  override readonly name = 'JobDatabaseError';
}

/** @throws JobDatabaseError when a pooler has no endpoint, or cannot be told in the form that is wanted. */
export function checkPoolers({ engine = 'postgres', endpoints = [], poolers = [] }: JobDatabase): void {
  const behind = endpoints.filter(({ kind }) => kind === 'pooler').map(({ name }) => name);
  const stray = poolers.find(({ endpoint }) => !behind.includes(endpoint));
  if (stray !== undefined)
    throw new JobDatabaseError(
      `\`poolers\` names the endpoint ${stray.endpoint}, and those of kind pooler are: ${behind.join(', ') || 'none'}. Name one of \`endpoints\`.`,
    );
  if (engine === 'postgres' && poolers.some(({ passwordForm }) => passwordForm !== undefined))
    throw new JobDatabaseError(
      '`passwordForm` of `poolers` is for a ProxySQL, and the engine is postgres. Leave it out.',
    );
}

/** Two static roles of Vault or OpenBao that the job turns, as `VaultStaticRolePair` makes them. */
export interface JobVault {
  /** Such as `https://vault.internal:8200`. */
  readonly address: pulumi.Input<string>;
  /** Name of the `VaultStaticRolePair`, or its selector's name below the KV engine. */
  readonly selector: string;
  /** Role of the auth method that the job logs in with: `<name of the pair>-login-job`, where `job` of `VaultStaticRolePair` was given. */
  readonly role: string;
  /** Path of the Kubernetes auth method. Default: `kubernetes`. */
  readonly authMount?: string;
  /** KV version 2 engine of the selector. Default: `secret`. */
  readonly selectorMount?: string;
  /** Database engine of the static roles. Default: `database`. */
  readonly databaseMount?: string;
  readonly namespace?: string;
  /** Port of `address`, for the network policy. Default: 8200. */
  readonly port?: number;
}

/** Where the job publishes: a Secret of the cluster, or the selector of a pair in Vault. */
export type Published =
  | {
      readonly to: 'secret';
      readonly name: string;
      readonly previous: boolean;
      readonly templates: Readonly<Record<string, string>>;
      /** Whether pods mount versions by their ids. */
      readonly pinned: boolean;
    }
  | { readonly to: 'vault'; readonly vault: JobVault };

export interface JobSettings {
  readonly pair: NamedPair;
  readonly plan: Plan;
  readonly schedule: RotationSchedule;
  readonly sharedRole: SharedRoleKind;
  readonly database: JobDatabase;
  readonly publishes: Published;
  readonly pods: Readonly<Record<string, HostPods>>;
  readonly gradually: JobGradually | undefined;
}

export const adminFolder = '/run/keyturn/admin';
/** Where the pod has the console's login of each pooler. */
export const consoleFolder = (index: number): string => `/run/keyturn/pooler-${index + 1}`;
export const caFolder = '/run/keyturn/ca';

/** Keys of the credential that was published before. */
export const previousKeys = { user: 'previous-username', password: 'previous-password' } as const;

/** What the job is told. It holds no secret. */
export function hostSettings(job: JobSettings, namespace: pulumi.Input<string>): pulumi.Output<HostSettings> {
  const { database, pods, gradually } = job;
  const { tls } = database;
  const schedule = hostScheduleOf(job.schedule);
  return pulumi
    .all([
      database.host,
      database.name,
      storeOf(job.publishes, namespace),
      gradually === undefined ? undefined : graduallySettings(gradually),
    ])
    .apply(([host, dbname, store, trial]) => ({
      pair: job.pair,
      plan: job.plan,
      ...(schedule === undefined ? {} : { schedule }),
      sharedRole: job.sharedRole,
      database: {
        engine: database.engine ?? 'postgres',
        host,
        port: portOf(database),
        dbname,
        admin: adminFolder,
        ...(database.endpoints === undefined ? {} : { endpoints: database.endpoints }),
        ...(database.poolers === undefined
          ? {}
          : {
              poolers: database.poolers.map(({ endpoint, host: at, port, passwordForm }, index) => ({
                endpoint,
                console: consoleFolder(index),
                ...(at === undefined ? {} : { host: at }),
                ...(port === undefined ? {} : { port }),
                ...(passwordForm === undefined ? {} : { passwordForm }),
              })),
            }),
        ...(tls === undefined ? {} : { tls: tls === 'off' ? tls : `${caFolder}/${tls.key}` }),
      },
      store,
      bootstrap: true,
      ...(Object.keys(pods).length === 0 ? {} : { pods }),
      ...(trial === undefined ? {} : { gradually: trial }),
    }));
}

function storeOf(publishes: Published, namespace: pulumi.Input<string>): pulumi.Output<HostStore> {
  if (publishes.to === 'secret') {
    const { name, previous, templates, pinned } = publishes;
    return pulumi.output(namespace).apply((place) => ({
      kind: 'kubernetes' as const,
      name,
      namespace: place,
      ...(previous ? { previousKeys } : {}),
      ...(Object.keys(templates).length === 0 ? {} : { templates }),
      ...(pinned ? { pinned } : {}),
    }));
  }
  const { address, role, authMount, selector, selectorMount, databaseMount, namespace: inVault } = publishes.vault;
  return pulumi.output(address).apply((at) => ({
    kind: 'vault-static' as const,
    address: at,
    selector,
    ...(selectorMount === undefined ? {} : { selectorMount }),
    ...(databaseMount === undefined ? {} : { databaseMount }),
    ...(inVault === undefined ? {} : { namespace: inVault }),
    login: { role, ...(authMount === undefined ? {} : { mount: authMount }) },
  }));
}

export function portOf({ engine = 'postgres', port }: JobDatabase): number {
  return port ?? (engine === 'postgres' ? 5432 : 3306);
}
