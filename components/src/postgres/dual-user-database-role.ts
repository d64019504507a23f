import * as postgresql from '@pulumi/postgresql';
import * as pulumi from '@pulumi/pulumi';
import { checkPlan, componentTypes, type DualUsers, type Plan } from '@keyturn/plan';

import type { Connections } from '../connection-limit.js';
import type { Part } from '../part.js';
import { makeChild, type Transform } from '../transform.js';
import { dualUserModel, type GranteeRole, type OwnerRole, type UserSettings } from './dual-user-model.js';

export interface DualUserDatabaseRoleArgs {
  /** Name of the pair and of its shared role; the users are `<pair>_a` and `<pair>_b`. Default: the component's name. */
  readonly pair?: string;
  /** Required. Existing database in which schema and rights are made. */
  readonly database: string;
  /** Required. How often the pair rotates, and how long its consumers can hold a superseded credential. */
  readonly plan: Omit<Plan, 'strategy'>;
  /** Optional. What the shared role is. Default: the owner of a schema named like the pair. */
  readonly sharedRole?: OwnerRole | GranteeRole;
  /** Required. How many connections the consumers open; each user gets a limit that holds them all. */
  readonly connections: Connections;
  /** Optional. Login defaults of both users. */
  readonly settings?: UserSettings;
  /** Optional. Changes a child before it is made. Names, logins, passwords and memberships cannot be changed. */
  readonly transform?: DualUserDatabaseRoleTransforms;
}

export interface DualUserDatabaseRoleTransforms {
  readonly sharedRole?: Transform<postgresql.RoleArgs>;
  /** Applied to both users, so that they stay equal. */
  readonly users?: Transform<postgresql.RoleArgs>;
  readonly schema?: Transform<postgresql.SchemaArgs>;
  readonly grants?: Transform<postgresql.GrantArgs>;
  readonly defaultPrivileges?: Transform<postgresql.DefaultPrivilegesArgs>;
}

/** What the rotation writes, and so what a later `pulumi up` must leave alone. */
const ownedByRotation = ['password', 'login', 'validUntil'];

const loginFixed =
  'the rotation switches logins on and off and sets passwords, and no working credential may be in the state.';
const roleFixed = {
  name: 'names come from `pair`.',
  login: loginFixed,
  password: loginFixed,
  passwordWo: loginFixed,
  passwordWoVersion: loginFixed,
  validUntil: loginFixed,
  inherit: 'both users get their rights from the shared role.',
  roles: 'both users get their rights from the shared role.',
  assumeRole: 'both users must create objects as the same owner.',
} as const;

/**
 * Two login users over one shared role, for a rotation that always has a working credential on either side.
 *
 * The users are made without LOGIN and without a password: nothing in the Pulumi state logs in. The first advance of the rotation switches
 * user A on. Everything that a rotation changes later is left alone by `pulumi up`.
 */
export class DualUserDatabaseRole extends pulumi.ComponentResource {
  static readonly type = componentTypes.postgresDualUserDatabaseRole;

  /** Names of the pair, its shared role and its two users. */
  readonly pair: pulumi.Output<DualUsers & { readonly name: string }>;
  readonly sharedRole: pulumi.Output<string>;
  readonly users: pulumi.Output<readonly [a: string, b: string]>;
  readonly schema: pulumi.Output<string>;
  readonly plan: pulumi.Output<Plan>;
  /** The names of the pair, once every role, right and setting exists. Whatever runs the first advance depends on it. */
  readonly ready: pulumi.Output<DualUsers & { readonly name: string }>;

  /**
   * @throws PlanError when the plan is faster than its consumers can follow; the message names the links and the numbers.
   * @throws NameError when a name does not fit PostgreSQL.
   * @throws ConnectionLimitError when the fleet does not fit the server twice.
   * @throws TransformError when a transform changes a login, a name or a membership.
   */
  constructor(name: string, args: DualUserDatabaseRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = checkPlan({ ...args.plan, strategy: 'dual-user' });
    const { pair = name, database, sharedRole = { kind: 'owner' }, connections, settings = {} } = args;
    const model = dualUserModel({ pair, database, sharedRole, connections, settings });
    super(DualUserDatabaseRole.type, name, { pair: model.pair, kind: model.kind, database, plan }, opts);

    const { transform = {} } = args;
    const child = <Args extends object>({ part, inputs }: Part<Args>, ...dependsOn: pulumi.Resource[]) => ({
      name: `${name}-${part}`,
      args: inputs,
      options: { parent: this, dependsOn },
    });

    const shared = makeChild<postgresql.RoleArgs, postgresql.Role>(postgresql.Role, {
      ...child(model.sharedRole),
      transform: transform.sharedRole,
      fixed: roleFixed,
    });
    const users = model.users.map((user) =>
      makeChild<postgresql.RoleArgs, postgresql.Role>(postgresql.Role, {
        ...child(user),
        options: { parent: this, dependsOn: shared, ignoreChanges: ownedByRotation },
        transform: transform.users,
        fixed: roleFixed,
      }),
    );
    const schema =
      model.schema &&
      makeChild<postgresql.SchemaArgs, postgresql.Schema>(postgresql.Schema, {
        ...child(model.schema, shared),
        transform: transform.schema,
      });
    const owned = schema ? [shared, schema] : [shared];
    const grants = model.grants.map((grant) =>
      makeChild<postgresql.GrantArgs, postgresql.Grant>(postgresql.Grant, {
        ...child(grant, ...owned),
        transform: transform.grants,
      }),
    );
    const defaults = model.defaultPrivileges.map((privileges) =>
      makeChild<postgresql.DefaultPrivilegesArgs, postgresql.DefaultPrivileges>(postgresql.DefaultPrivileges, {
        ...child(privileges, ...owned),
        transform: transform.defaultPrivileges,
      }),
    );

    const children = [shared, ...users, ...(schema ? [schema] : []), ...grants, ...defaults];
    this.pair = pulumi.output(model.pair);
    this.sharedRole = pulumi.output(model.pair.sharedRole);
    this.users = pulumi.output(model.pair.users);
    this.schema = pulumi.output(model.schemaName);
    this.plan = pulumi.output(plan);
    this.ready = pulumi.all(children.map(({ id }) => id)).apply(() => model.pair);
    this.registerOutputs({
      pair: this.pair,
      sharedRole: this.sharedRole,
      users: this.users,
      schema: this.schema,
      plan: this.plan,
      ready: this.ready,
    });
  }
}
