import {
  dualUsersOf,
  type HostDatabase,
  type HostPods,
  type HostSettings,
  type Plan,
  type SharedRoleKind,
} from '@keyturn/plan';
import * as pulumi from '@pulumi/pulumi';

import { hostScheduleOf } from '../../schedule/host-schedule.js';
import type { RotationSchedule } from '../../schedule/rotation-schedule.js';

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
  /** A ConfigMap with the CA of the server, or `off`. Default: the certificates of the image. */
  readonly tls?: 'off' | { readonly configMap: string; readonly key: string };
}

export interface JobSettings {
  readonly pair: string;
  readonly plan: Plan;
  readonly schedule: RotationSchedule;
  readonly sharedRole: SharedRoleKind;
  readonly database: JobDatabase;
  readonly secretName: string;
  readonly previous: boolean;
  readonly templates: Readonly<Record<string, string>>;
  readonly pods: Readonly<Record<string, HostPods>>;
}

export const adminFolder = '/run/keyturn/admin';
export const caFolder = '/run/keyturn/ca';

/** Keys of the credential that was published before. */
export const previousKeys = { user: 'previous-username', password: 'previous-password' } as const;

/** What the job is told. It holds no secret. */
export function hostSettings(job: JobSettings, namespace: pulumi.Input<string>): pulumi.Output<HostSettings> {
  const { database, templates, pods } = job;
  const { tls } = database;
  const schedule = hostScheduleOf(job.schedule);
  return pulumi.all([database.host, database.name, namespace]).apply(([host, dbname, place]) => ({
    pair: { name: job.pair, ...dualUsersOf(job.pair) },
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
      ...(tls === undefined ? {} : { tls: tls === 'off' ? tls : `${caFolder}/${tls.key}` }),
    },
    store: {
      kind: 'kubernetes' as const,
      name: job.secretName,
      namespace: place,
      ...(job.previous ? { previousKeys } : {}),
      ...(Object.keys(templates).length === 0 ? {} : { templates }),
    },
    bootstrap: true,
    ...(Object.keys(pods).length === 0 ? {} : { pods }),
  }));
}

export function portOf({ engine = 'postgres', port }: JobDatabase): number {
  return port ?? (engine === 'postgres' ? 5432 : 3306);
}
