import * as pulumi from '@pulumi/pulumi';
import * as vault from '@pulumi/vault';
import { checkPlan, componentTypes, type Duration, dualUsersOf, milliseconds, type Plan } from '@keyturn/plan';

import { makeChild, type Transform } from '../transform.js';
import { loginRole, type VaultConsumer } from './consumer.js';
import { checkServer, ServerError, type VaultServer } from './server.js';

/** Vault re-keys each user by its own calendar, in use or not: there is no gate, and nobody waits for anybody. */
export interface VaultClock {
  readonly by: 'vault-without-gate';
  /** Cron lines (UTC) for user A and user B. They must differ. */
  readonly schedules: readonly [a: string, b: string];
  /** How late a rotation may start. At least 1h. Default: none. */
  readonly window?: Duration;
}

/** keyturn's job decides, and calls `rotate-role` for the idle user when nobody holds it. */
export interface KeyturnClock {
  readonly by: 'keyturn';
}

export interface VaultStaticRolePairArgs {
  /** Required. Path of the database engine, and its connection whose user may alter both users. */
  readonly mount: pulumi.Input<string>;
  readonly connection: pulumi.Input<string>;
  /** Required. Name of the pair: the existing users are `<pair>_a` and `<pair>_b`, as `DualUserDatabaseRole` makes them. */
  readonly pair: string;
  /** Required. How often the pair rotates, and how long its consumers can hold a superseded credential. */
  readonly plan: Omit<Plan, 'strategy'>;
  /** Required. Path of a KV engine of version 2 for the selector. */
  readonly selectorMount: pulumi.Input<string>;
  /** Optional. Default: keyturn's. */
  readonly clock?: KeyturnClock | VaultClock;
  /** Optional. Who may read the pair, by a name of its own. `roles` is not used. Default: nobody. */
  readonly consumers?: Readonly<Record<string, VaultConsumer>>;
  /** Optional. As whom keyturn's job logs in to Vault. Default: no login is made. */
  readonly job?: VaultConsumer;
  /** Optional. Default: `vault`. */
  readonly server?: VaultServer;
  /** Optional. Statements that give a user its password. Default: for PostgreSQL, password and LOGIN in one statement. */
  readonly rotationStatements?: readonly string[];
  /** Optional. Changes a child before it is made. */
  readonly transform?: {
    /** Applied to both, so that they stay equal. */
    readonly staticRoles?: Transform<vault.database.SecretBackendStaticRoleArgs>;
    readonly selector?: Transform<vault.kv.SecretV2Args>;
    readonly policies?: Transform<vault.PolicyArgs>;
  };
}

/** Vault needs a period; this one is so long that it never acts before keyturn does. */
const never: Duration = '3650 days';
const defaultTokenTtl: Duration = '1h';

/**
 * Two static roles over one shared role, and a selector that names the current one.
 *
 * Vault makes both passwords itself, so the state never has one. A consumer reads the selector, then the credential that it names. An advance
 * re-keys the idle user, and only then the selector changes; the user that it leaves is not touched for as long as the plan says.
 */
export class VaultStaticRolePair extends pulumi.ComponentResource {
  static readonly type = componentTypes.vaultStaticRolePair;

  readonly users: pulumi.Output<readonly [a: string, b: string]>;
  /** `<mount>/static-creds/<user>`, for user A and user B. */
  readonly credentialPaths: pulumi.Output<readonly [a: string, b: string]>;
  /** `<mount>/rotate-role/<user>`, for user A and user B. */
  readonly rotationPaths: pulumi.Output<readonly [a: string, b: string]>;
  /** `<mount>/data/<name>`: `{ "user": …, "generation": … }`. */
  readonly selectorPath: pulumi.Output<string>;
  readonly plan: pulumi.Output<Plan>;
  /** The selector's path, once both users have a credential and the selector names one. */
  readonly ready: pulumi.Output<string>;

  /**
   * @throws PlanError when the plan is faster than its consumers can follow.
   * @throws ServerError when the server lacks what is asked for, both users have the same calendar, or a consumer is called "job".
   */
  constructor(name: string, args: VaultStaticRolePairArgs, opts?: pulumi.ComponentResourceOptions) {
    const { clock = { by: 'keyturn' }, consumers = {}, job, server = 'vault', transform = {} } = args;
    const plan = checkPlan({ ...args.plan, strategy: 'dual-user' });
    const { users } = dualUsersOf(args.pair);
    const logins = loginsOf(consumers, job);
    checkServer(
      server,
      logins.map(({ login }) => login),
    );
    checkClock(clock, server);
    super(VaultStaticRolePair.type, name, { pair: args.pair, clock: clock.by, plan }, opts);
    if (clock.by === 'vault-without-gate') {
      void pulumi.log.warn(
        `Vault re-keys ${users.join(' and ')} by its own calendar and does not look who still uses them: a consumer that is late is cut off. ` +
          'Leave `clock` out to let keyturn wait for the drain.',
        this,
      );
    }

    const statements = args.rotationStatements ?? [`ALTER ROLE "{{name}}" LOGIN PASSWORD '{{password}}'`];
    const roles = users.map((user, index) =>
      makeChild<vault.database.SecretBackendStaticRoleArgs, vault.database.SecretBackendStaticRole>(
        vault.database.SecretBackendStaticRole,
        {
          name: `${name}-user-${index === 0 ? 'a' : 'b'}`,
          args: {
            backend: args.mount,
            dbName: args.connection,
            name: user,
            username: user,
            rotationStatements: [...statements],
            ...timing(clock, index),
          },
          options: { parent: this },
          transform: transform.staticRoles,
          fixed: {
            username: 'names come from `pair`.',
            name: 'names come from `pair`.',
            passwordWo: 'Vault makes the password, and no working credential may be in the state.',
            selfManagedPassword: 'Vault makes the password, and no working credential may be in the state.',
          },
        },
      ),
    );
    const selector = makeChild<vault.kv.SecretV2Args, vault.kv.SecretV2>(vault.kv.SecretV2, {
      name: `${name}-selector`,
      args: {
        mount: args.selectorMount,
        name,
        dataJson: JSON.stringify({ user: users[0], generation: 1 }),
        deleteAllVersions: true,
      },
      // Every advance writes it; a later up must not turn it back.
      options: { parent: this, dependsOn: roles, ignoreChanges: ['dataJson'] },
      transform: transform.selector,
    });

    const selectorPath = pulumi.interpolate`${args.selectorMount}/data/${name}`;
    const paths = (kind: string): pulumi.Output<readonly [string, string]> =>
      pulumi
        .output(args.mount)
        .apply((mount) => [`${mount}/${kind}/${users[0]}`, `${mount}/${kind}/${users[1]}`] as const);
    this.credentialPaths = paths('static-creds');
    this.rotationPaths = paths('rotate-role');
    const reading = pulumi
      .all([this.credentialPaths, selectorPath])
      .apply(([credentials, at]) => rules(['read'], ...credentials, at));
    const rotating = pulumi
      .all([reading, this.rotationPaths, selectorPath])
      .apply(([read, rotate, at]) => `${read}\n${rules(['update'], ...rotate)}\n${rules(['create', 'update'], at)}`);
    const access = logins.map(({ who, login, rotates }) => {
      const policy = makeChild<vault.PolicyArgs, vault.Policy>(vault.Policy, {
        name: `${name}-policy-${who}`,
        args: { name: `${name}-${who}`, policy: rotates ? rotating : reading },
        options: { parent: this },
        transform: transform.policies,
      });
      const tokenTtl = seconds(login.tokenTtl ?? defaultTokenTtl);
      const times = { tokenTtl, tokenMaxTtl: 24 * tokenTtl };
      return loginRole(`${name}-login-${who}`, login, times, policy.name, { parent: this });
    });

    this.users = pulumi.output(users);
    this.selectorPath = selectorPath;
    this.plan = pulumi.output(plan);
    this.ready = pulumi.all([selectorPath, [...roles, selector, ...access].map(({ id }) => id)]).apply(([at]) => at);
    this.registerOutputs({
      users: this.users,
      credentialPaths: this.credentialPaths,
      rotationPaths: this.rotationPaths,
      selectorPath: this.selectorPath,
      plan: this.plan,
      ready: this.ready,
    });
  }
}

interface NamedLogin {
  readonly who: string;
  readonly login: VaultConsumer;
  readonly rotates: boolean;
}

function loginsOf(consumers: Readonly<Record<string, VaultConsumer>>, job: VaultConsumer | undefined): NamedLogin[] {
  const readers = Object.entries(consumers).map(([who, login]) => ({ who, login, rotates: false }));
  if (job === undefined) return readers;
  if (Object.hasOwn(consumers, 'job')) {
    throw new ServerError(
      'A consumer is called "job", which is the name of keyturn\'s own login. Give it another name.',
    );
  }
  return [...readers, { who: 'job', login: job, rotates: true }];
}

function checkClock(clock: KeyturnClock | VaultClock, server: VaultServer): void {
  if (clock.by === 'keyturn') return;
  if (server === 'openbao') {
    throw new ServerError(
      'OpenBao has no calendar for static roles, and with one period for both users it would re-key them at the same time. ' +
        'Leave `clock` out: keyturn calls rotate-role.',
    );
  }
  if (clock.schedules[0] === clock.schedules[1]) {
    throw new ServerError(
      `Both users would be re-keyed at the same time ("${clock.schedules[0]}"), and no credential would work until consumers read again. ` +
        'Put the two schedules half a period apart.',
    );
  }
  if (clock.window !== undefined && milliseconds(clock.window) < milliseconds('1h')) {
    throw new ServerError(`Vault refuses a rotation window under 1h, got ${String(clock.window)}. Write "1h" or more.`);
  }
}

function timing(clock: KeyturnClock | VaultClock, index: number): Partial<vault.database.SecretBackendStaticRoleArgs> {
  if (clock.by === 'keyturn') return { rotationPeriod: seconds(never) };
  return {
    rotationSchedule: clock.schedules[index === 0 ? 0 : 1],
    ...(clock.window === undefined ? {} : { rotationWindow: seconds(clock.window) }),
  };
}

function rules(capabilities: readonly string[], ...paths: readonly string[]): string {
  return paths.map((path) => `path "${path}" {\n  capabilities = ${JSON.stringify(capabilities)}\n}\n`).join('\n');
}

const seconds = (duration: Duration): number => Math.ceil(milliseconds(duration) / 1_000);
