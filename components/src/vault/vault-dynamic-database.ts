import * as pulumi from '@pulumi/pulumi';
import * as vault from '@pulumi/vault';
import { componentTypes, type Duration, milliseconds } from '@keyturn/plan';

import { makeChild, type Transform } from '../transform.js';
import { connectionArgs } from './connection.js';
import { loginRole, type VaultConsumer } from './consumer.js';
import type { Engine } from './engine.js';
import { checkLease, LeaseError, type LeaseTimes, tokenTimesOf } from './lease.js';
import { checkServer, type VaultServer } from './server.js';
import { type LeaseStatements, type Membership, mysqlStatements, postgresStatements } from './statements.js';

/** A dynamic role: every lease is a user of its own, over a shared role. */
export interface MemberRole extends LeaseTimes, Membership {
  readonly statements?: never;
}

/** A dynamic role with statements of one's own, for plugins without a shared role. */
export interface CustomRole extends LeaseTimes {
  readonly statements: LeaseStatements;
}

export interface VaultDynamicDatabaseArgs {
  /** Required. The database, and the user that Vault acts as. */
  readonly engine: Engine;
  /** Required. Dynamic roles by name. */
  readonly roles: Readonly<Record<string, MemberRole | CustomRole>>;
  /** Optional. Names of static roles that may use the connection too, such as the users of a `VaultStaticRolePair`. Default: none. */
  readonly staticRoles?: readonly string[];
  /** Optional. Who may read which role, by a name of its own. Default: nobody. */
  readonly consumers?: Readonly<Record<string, VaultConsumer>>;
  /** Optional. Path of the database engine. Default: the component's name. */
  readonly mount?: string;
  /** Optional. Default: `vault` (HashiCorp Vault 1.15 or later); `openbao` is OpenBao 2. */
  readonly server?: VaultServer;
  /** Optional. `max_lease_ttl` of the server. Default: 768h, as Vault ships. */
  readonly serverMaxTtl?: Duration;
  /** Optional. Changes a child before it is made. */
  readonly transform?: VaultDynamicDatabaseTransforms;
}

export interface VaultDynamicDatabaseTransforms {
  readonly mount?: Transform<vault.MountArgs>;
  readonly connection?: Transform<vault.database.SecretBackendConnectionArgs>;
  readonly roles?: Transform<vault.database.SecretBackendRoleArgs>;
  readonly policies?: Transform<vault.PolicyArgs>;
}

/** Where consumers ask. */
export interface LoginReference {
  readonly authMount: string;
  readonly role: string;
}

/**
 * Credentials that live as long as their lease. Nothing in the Pulumi state logs in: Vault replaces the password it was given at once.
 *
 * Unmounting ends every lease while the connection is still there, so `destroy` leaves no user behind.
 */
export class VaultDynamicDatabase extends pulumi.ComponentResource {
  static readonly type = componentTypes.vaultDynamicDatabase;

  readonly mount: pulumi.Output<string>;
  /** Path to read for each role: `<mount>/creds/<role>`. */
  readonly credentialPaths: pulumi.Output<Readonly<Record<string, string>>>;
  readonly logins: pulumi.Output<Readonly<Record<string, LoginReference>>>;
  /** The mount, once Vault's own password was replaced and every role exists. */
  readonly ready: pulumi.Output<string>;

  /**
   * @throws ServerError when the server lacks what a consumer needs.
   * @throws LeaseError when TTLs contradict each other, exceed the server's, are shorter than a consumer's chain or longer than its token.
   */
  constructor(name: string, args: VaultDynamicDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    const {
      engine,
      roles,
      consumers = {},
      staticRoles = [],
      mount: path = name,
      server = 'vault',
      serverMaxTtl,
      transform = {},
    } = args;
    checkServer(server, Object.values(consumers));
    const statements = statementsByRole(engine, roles);
    for (const [role, times] of Object.entries(roles)) checkLease(role, times, serverMaxTtl);
    const logins = Object.entries(consumers).map(([consumer, login]) => {
      const readable = readableBy(consumer, login, roles);
      return { consumer, login, readable, times: tokenTimesOf(consumer, readable, login.tokenTtl, serverMaxTtl) };
    });
    super(VaultDynamicDatabase.type, name, { engine: engine.kind, mount: path, roles: Object.keys(roles) }, opts);

    const longest = Math.max(...Object.values(roles).map(({ maxTtl }) => seconds(maxTtl)));
    const mount = makeChild<vault.MountArgs, vault.Mount>(vault.Mount, {
      name: `${name}-mount`,
      args: { path, type: 'database', maxLeaseTtlSeconds: longest, description: `Dynamic credentials of ${name}` },
      options: { parent: this },
      transform: transform.mount,
      fixed: { path: 'it comes from `mount`.', type: 'roles and connection need the database engine.' },
    });
    // Unmounting revokes; without this the connection would go first, and the users of live leases would stay in the database.
    const inMount = { parent: this, deletedWith: mount };

    const connection = makeChild<vault.database.SecretBackendConnectionArgs, vault.database.SecretBackendConnection>(
      vault.database.SecretBackendConnection,
      {
        name: `${name}-connection`,
        args: {
          backend: mount.path,
          name,
          allowedRoles: [...Object.keys(roles), ...staticRoles],
          verifyConnection: true,
          ...connectionArgs(engine),
        },
        options: inMount,
        transform: transform.connection,
      },
    );
    const rootRotation = rotateRoot(`${name}-rotate-root`, mount.path, connection, inMount);
    const made = Object.entries(roles).map(([role, times]) =>
      makeChild<vault.database.SecretBackendRoleArgs, vault.database.SecretBackendRole>(
        vault.database.SecretBackendRole,
        {
          name: `${name}-role-${role}`,
          args: {
            backend: mount.path,
            dbName: connection.name,
            name: role,
            defaultTtl: seconds(times.ttl),
            maxTtl: seconds(times.maxTtl),
            creationStatements: [...(statements.get(role)?.creation ?? [])],
            renewStatements: [...(statements.get(role)?.renewal ?? [])],
            revocationStatements: [...(statements.get(role)?.revocation ?? [])],
          },
          options: { ...inMount, dependsOn: rootRotation },
          transform: transform.roles,
          fixed: { maxTtl: 'tokens are made to outlive it.', name: 'policies name it.' },
        },
      ),
    );
    const access = logins.map(({ consumer, login, readable, times }) => {
      const policy = makeChild<vault.PolicyArgs, vault.Policy>(vault.Policy, {
        name: `${name}-policy-${consumer}`,
        args: { name: `${name}-${consumer}`, policy: mount.path.apply((at) => policyText(at, readable)) },
        options: { parent: this },
        transform: transform.policies,
      });
      return loginRole(`${name}-login-${consumer}`, login, times, policy.name, { parent: this });
    });

    this.mount = mount.path;
    this.credentialPaths = mount.path.apply((at) =>
      Object.fromEntries(Object.keys(roles).map((role) => [role, `${at}/creds/${role}`])),
    );
    this.logins = pulumi.output(
      Object.fromEntries(
        logins.map(({ consumer, login }) => [
          consumer,
          { authMount: login.authMount ?? login.kind, role: `${name}-login-${consumer}` },
        ]),
      ),
    );
    const children = [connection, rootRotation, ...made, ...access];
    this.ready = pulumi.all([mount.path, children.map(({ id }) => id)]).apply(([at]) => at);
    this.registerOutputs({
      mount: this.mount,
      credentialPaths: this.credentialPaths,
      logins: this.logins,
      ready: this.ready,
    });
  }
}

/** Gives the user that Vault acts as a password that only Vault knows. */
export function rotateRoot(
  name: string,
  mount: pulumi.Output<string>,
  connection: vault.database.SecretBackendConnection,
  options: pulumi.CustomResourceOptions,
): vault.generic.Endpoint {
  return new vault.generic.Endpoint(
    name,
    {
      path: pulumi.interpolate`${mount}/rotate-root/${connection.name}`,
      dataJson: '{}',
      disableRead: true,
      disableDelete: true,
    },
    { ...options, dependsOn: connection },
  );
}

function statementsByRole(
  engine: Engine,
  roles: VaultDynamicDatabaseArgs['roles'],
): ReadonlyMap<string, LeaseStatements> {
  if (Object.keys(roles).length === 0) throw new LeaseError('`roles` is empty. Name at least one dynamic role.');
  return new Map(
    Object.entries(roles).map(([name, role]) => {
      if (role.statements !== undefined) return [name, role.statements];
      if (engine.kind === 'other') {
        throw new LeaseError(
          `Role "${name}" has no statements, and none are known for ${engine.plugin}. Write \`statements\`.`,
        );
      }
      if (engine.kind === 'postgres') return [name, postgresStatements(role)];
      if (role.kind === 'owner') {
        throw new LeaseError(
          `Role "${name}" has a shared role of kind "owner", and ${engine.kind} has no owners. Write "grantee".`,
        );
      }
      return [name, mysqlStatements(engine.kind, role)];
    }),
  );
}

function readableBy(
  consumer: string,
  { roles: wanted }: VaultConsumer,
  roles: VaultDynamicDatabaseArgs['roles'],
): readonly { readonly role: string; readonly maxTtl: Duration }[] {
  const names = wanted ?? Object.keys(roles);
  if (names.length === 0)
    throw new LeaseError(`Consumer "${consumer}" may read no role. Leave \`roles\` out, or name one.`);
  return names.map((role) => {
    const times = roles[role];
    if (times === undefined) {
      throw new LeaseError(
        `Consumer "${consumer}" names the role "${role}", which is not there. Known are: ${Object.keys(roles).join(', ')}.`,
      );
    }
    return { role, maxTtl: times.maxTtl };
  });
}

function policyText(mount: string, readable: readonly { readonly role: string }[]): string {
  const paths = readable.map(({ role }) => `path "${mount}/creds/${role}" {\n  capabilities = ["read"]\n}`);
  return [...paths, 'path "sys/leases/renew" {\n  capabilities = ["update"]\n}'].join('\n\n') + '\n';
}

const seconds = (duration: Duration): number => Math.ceil(milliseconds(duration) / 1_000);
