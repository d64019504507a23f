import type { DualUsers, SharedRoleKind } from './dual-users.js';
import type { Duration } from './duration.js';
import type { Plan } from './plan.js';
import type { Schedule } from './schedule.js';

/** Where a host that runs once finds its settings: a file, or the text itself. Both hold a {@link HostSettings} as JSON. */
export const hostVariables = {
  settingsFile: 'KEYTURN_SETTINGS_FILE',
  settings: 'KEYTURN_SETTINGS',
} as const;

/**
 * What a host is told to do, as the first argument. `tend` finishes what is half done, advances when the schedule says so and retires when
 * nobody can hold the superseded credential; run it every few minutes. The others do that one thing, whatever the schedule says.
 */
export const hostCommands = ['tend', 'bootstrap', 'advance', 'resume', 'retire'] as const;
export type HostCommand = (typeof hostCommands)[number];

/**
 * What the exit code of a host says. `done`: done, nothing to do, or waiting for time to pass. `blocked`: a person is needed, because a due
 * rotation is kept by a session or was refused. `settings`: the settings are wrong. `failed`: no answer from database or store; try again.
 */
export const hostExitCodes = { done: 0, blocked: 1, settings: 2, failed: 3 } as const;

/** Settings of a host that runs once: what is rotated, where, and when. They hold no secret. */
export interface HostSettings {
  readonly pair: DualUsers & { readonly name: string };
  readonly plan: Plan;
  /** Default: `every` of the plan after the last publication, at any time. */
  readonly schedule?: Schedule;
  /** Default: `owner`. */
  readonly sharedRole?: SharedRoleKind;
  readonly database: HostDatabase;
  readonly store: HostStore;
  /** Make roles and journal when the database does not know the pair. Default: false, and `bootstrap` has to be run once. */
  readonly bootstrap?: boolean;
  /** How to find the pods of each start-bound consumer of the plan, by its name. */
  readonly pods?: Readonly<Record<string, HostPods>>;
  /** Try a tested candidate with a growing share of the traffic before it is published; the Kubernetes job only. Default: it is published. */
  readonly gradually?: HostGradually;
}

/** Two fleets, each of which logs in as one user of the pair, what the traffic to them goes through, and what is looked at while one gets more of it. */
export type HostGradually = HostTrial & (HostRoute | { readonly targetGroups: HostTargetGroups });

/** Fleets behind an HTTPRoute of the Gateway API. */
export interface HostRoute {
  /** The HTTPRoute, in the namespace of the host's pod, with both Services as backends. */
  readonly route: string;
  /** User to Service of its fleet. */
  readonly services: Readonly<Record<string, string>>;
}

/** Fleets behind an Application Load Balancer of AWS. */
export interface HostTargetGroups {
  /** The rule of a listener that forwards to both target groups. */
  readonly ruleArn: string;
  /** User to ARN of the target group of its fleet. */
  readonly arns: Readonly<Record<string, string>>;
}

/** What is looked at while a fleet gets more of the traffic. */
export interface HostTrial {
  /** User to Deployment of its fleet. Its pod template names the version in the annotation `keyturn.dev/version`. */
  readonly deployments: Readonly<Record<string, string>>;
  readonly check: {
    /** Address of Prometheus. */
    readonly address: string;
    /** PromQL, with `${user}`, `${version}` and `${fleet}`, the name of the Deployment, filled in. Above 0 is bad. */
    readonly refusedLogins: string;
    /** PromQL, filled in likewise: the share of requests that failed, 0 to 1. */
    readonly errorRate: string;
    /** Default: 0.01. */
    readonly mostErrors?: number;
  };
  /** Shares in percent. Default: 10, 50, 100. */
  readonly steps?: readonly number[];
  /** How long each step is looked at. Default: 5 minutes. */
  readonly each?: Duration;
  /** Time between two looks. Default: 20 seconds. */
  readonly every?: Duration;
}

/** The database server and its endpoints. */
export interface HostDatabase {
  /** Default: `postgres`. */
  readonly engine?: string;
  /** The writer. */
  readonly host: string;
  readonly port?: number;
  readonly dbname?: string;
  /** Further addresses where applications log in. */
  readonly endpoints?: readonly {
    readonly name: string;
    readonly kind: 'reader' | 'pooler' | 'proxy';
    readonly host: string;
    readonly port: number;
  }[];
  /**
   * The PgBouncers behind endpoints of kind pooler, or the ProxySQLs of a MySQL or MariaDB: their clients count as holders, also those without a connection to the server. The Kubernetes job only.
   */
  readonly poolers?: readonly HostPooler[];
  /**
   * The rotator's login, read at each run. In Kubernetes: a folder with the files `username` and `password`, a mounted Secret. In Azure: the
   * name of a secret of the same vault, a JSON object with `username` and `password`.
   */
  readonly admin: string | { readonly secret: string };
  /** Path of a CA file, or `off`. Default: the system's certificates. */
  readonly tls?: string;
}

/** Port of the admin interface of a ProxySQL: what its variable `admin-mysql_ifaces` has where nobody set it. */
export const proxysqlPort = 6032;

/** A PgBouncer or ProxySQL in front of the database, and how its console is reached. */
export interface HostPooler {
  /** Name of the endpoint, of kind pooler, where applications log in to it. */
  readonly endpoint: string;
  /** Where its console is, when that is not the endpoint: behind a balancer, one entry for each process. */
  readonly host?: string;
  /** Default: that of the endpoint; of a ProxySQL, 6032. */
  readonly port?: number;
  /**
   * A folder with the files `username` and `password` of one of its `stats_users`; with `userlist`, of its `admin_users`; of a ProxySQL, of its
   * `admin-admin_credentials`. In Kubernetes, a mounted Secret.
   */
  readonly console: string;
  /** Path of the `auth_file` of a PgBouncer, where this host runs beside it and may replace it. Default: none, it asks the database (`auth_query`). */
  readonly userlist?: string;
  /** In which form a ProxySQL gets a password. Default: `verifier`. */
  readonly passwordForm?: 'verifier' | 'clear-text';
}

/** Where the credential is published. */
export type HostStore = KubernetesHostStore | AzureHostStore | VaultStaticHostStore;

export interface KubernetesHostStore {
  readonly kind: 'kubernetes';
  /** The Secret that applications read; with `versioned`, the ConfigMap that names it. Candidates stand in the Secret `<name>-keyturn`. */
  readonly name: string;
  /** Default: that of the pod. */
  readonly namespace?: string;
  readonly versioned?: boolean;
  readonly keys?: { readonly user?: string; readonly password?: string; readonly generation?: string };
  readonly previousKeys?: { readonly user: string; readonly password: string };
  readonly templates?: Readonly<Record<string, string>>;
  /** Write each version in a form that pods can mount by its id. Default: false. */
  readonly pinned?: boolean;
  /** Default: that of the cluster of the pod. Elsewhere: the address of `kubectl proxy`, with `namespace`. */
  readonly server?: string;
}

export interface AzureHostStore {
  readonly kind: 'azure-key-vault';
  /** Such as `https://app.vault.azure.net`. */
  readonly vault: string;
  /** Name of the secret that applications read. */
  readonly name: string;
  /** How long a published version is valid; its near-expiry event, 30 days before, starts the next rotation. Default: `every` of the plan and 30 days. */
  readonly validFor?: Duration;
}

/** Two static roles of Vault or OpenBao, whose passwords it makes, and the selector that names the current one. */
export interface VaultStaticHostStore {
  readonly kind: 'vault-static';
  /** Such as `https://vault.internal:8200`. */
  readonly address: string;
  /** The selector that applications read: the name of the `VaultStaticRolePair`. */
  readonly selector: string;
  /** KV version 2 engine of the selector. Default: `secret`. */
  readonly selectorMount?: string;
  /** Database engine of the static roles. Default: `database`. */
  readonly databaseMount?: string;
  readonly namespace?: string;
  /** How the host logs in. */
  readonly login: {
    /** Role of the auth method. */
    readonly role: string;
    /** Path of an auth method that takes a role and a JWT: Kubernetes, or JWT. Default: `kubernetes`. */
    readonly mount?: string;
    /** File with the JWT. Default: the token of the pod's service account. */
    readonly tokenFile?: string;
  };
}

/** Pods that hold a credential until they are restarted. */
export interface HostPods {
  /** A label selector of Kubernetes, such as `app=shop`. */
  readonly selector: string;
  /** Default: that of the pod of the host. */
  readonly namespace?: string;
  /** How long after a publication a container may still start with the credential before: clocks, kubelet, sync. Default: 1 minute. */
  readonly margin?: Duration;
}
