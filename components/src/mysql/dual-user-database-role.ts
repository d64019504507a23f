import { checkPlan, componentTypes, type DualUsers, type Plan } from '@keyturn/plan';
import * as mysql from '@pulumi/mysql';
import * as pulumi from '@pulumi/pulumi';

import type { Connections } from '../connection-limit.js';
import { makeChild, type Transform } from '../transform.js';
import {
  type MysqlBootstrap,
  mysqlDualUserModel,
  type MysqlFlavour,
  type MysqlRight,
  type MysqlUserSettings,
} from './dual-user-model.js';

export interface DualUserDatabaseRoleArgs {
  /** Optional. Name of the pair and of its shared role; the users are `<pair>_a` and `<pair>_b`. Default: the component's name. */
  readonly pair?: string;
  /** Optional. Default: `mysql`, from 8.0; `mariadb` is MariaDB from 10.4. */
  readonly engine?: MysqlFlavour;
  /** Required. What the shared role may do. There are no owners on MySQL: migrations have a user of their own, or the right to alter. */
  readonly rights: readonly MysqlRight[];
  /** Required. How often the pair rotates, and how long its consumers can hold a superseded credential. */
  readonly plan: Omit<Plan, 'strategy'>;
  /** Required. How many connections the consumers open; each user gets a limit that holds them all. */
  readonly connections: Connections;
  /** Optional. How the engine's bootstrap makes the users. */
  readonly users?: MysqlUserSettings;
  /** Optional. Whether the server runs with `partial_revokes`. Default: false. */
  readonly partialRevokes?: boolean;
  /** Optional. Changes a child before it is made. */
  readonly transform?: {
    readonly sharedRole?: Transform<mysql.RoleArgs>;
    readonly grants?: Transform<mysql.GrantArgs>;
  };
}

/**
 * A shared role for two login users on MySQL or MariaDB, and what the engine needs to make them.
 *
 * A user that `@pulumi/mysql` makes without a password accepts the empty one, and with one it stands in the state. So Pulumi makes the role and
 * its rights, and the engine's `bootstrap` makes the users: locked, with a random password that nobody keeps. Preview says so.
 */
export class DualUserDatabaseRole extends pulumi.ComponentResource {
  static readonly type = componentTypes.mysqlDualUserDatabaseRole;

  /** Names of the pair, its shared role and its two users. */
  readonly pair: pulumi.Output<DualUsers & { readonly name: string }>;
  readonly sharedRole: pulumi.Output<string>;
  readonly users: pulumi.Output<readonly [a: string, b: string]>;
  readonly plan: pulumi.Output<Plan>;
  /** Statements that give the shared role its rights on MariaDB, where the provider cannot. Empty on MySQL. */
  readonly statements: pulumi.Output<readonly string[]>;
  /** Options of `MysqlDatabase` that `bootstrap` needs beside endpoints and login. Known once role and rights exist. */
  readonly bootstrap: pulumi.Output<MysqlBootstrap>;
  /** The names of the pair, once role and rights exist. Whatever runs `bootstrap` and the first advance depends on it. */
  readonly ready: pulumi.Output<DualUsers & { readonly name: string }>;

  /**
   * @throws PlanError when the plan is faster than its consumers can follow; the message names the links and the numbers.
   * @throws NameError when a user name is longer than the server allows.
   * @throws RightError when a right names no database or no privilege.
   * @throws ConnectionLimitError when the fleet does not fit the server twice.
   * @throws TransformError when a transform gives rights to somebody else, or renames the role.
   */
  constructor(name: string, args: DualUserDatabaseRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = checkPlan({ ...args.plan, strategy: 'dual-user' });
    const { pair = name, engine = 'mysql', transform = {} } = args;
    const model = mysqlDualUserModel({ ...args, pair, engine });
    super(DualUserDatabaseRole.type, name, { pair: model.bootstrap.pair, engine, plan }, opts);

    const shared = makeChild<mysql.RoleArgs, mysql.Role>(mysql.Role, {
      name: `${name}-${model.sharedRole.part}`,
      args: model.sharedRole.inputs,
      options: { parent: this },
      transform: transform.sharedRole,
      fixed: { name: 'names come from `pair`.' },
    });
    const byRole = 'both users get their rights from the shared role.';
    const grants = model.grants.map(({ part, inputs }) =>
      makeChild<mysql.GrantArgs, mysql.Grant>(mysql.Grant, {
        name: `${name}-${part}`,
        args: inputs,
        options: { parent: this, dependsOn: shared },
        transform: transform.grants,
        fixed: { role: byRole, user: byRole, host: byRole },
      }),
    );
    if (pulumi.runtime.isDryRun()) {
      void pulumi.log.info(
        `The users ${model.bootstrap.pair.users.join(' and ')} are not made by Pulumi, which could only make them with the empty password: ` +
          "keyturn's bootstrap makes them, locked, after this is deployed.",
        this,
      );
      if (model.statements.length > 0) {
        void pulumi.log.info(
          `@pulumi/mysql cannot give rights on MariaDB. An administrator gives them once: ${model.statements.join('; ')}`,
          this,
        );
      }
    }

    this.pair = pulumi.output(model.bootstrap.pair);
    this.sharedRole = pulumi.output(model.bootstrap.pair.sharedRole);
    this.users = pulumi.output(model.bootstrap.pair.users);
    this.plan = pulumi.output(plan);
    const made = pulumi.all([shared, ...grants].map(({ id }) => id));
    this.statements = made.apply(() => model.statements);
    this.bootstrap = made.apply(() => model.bootstrap);
    this.ready = made.apply(() => model.bootstrap.pair);
    this.registerOutputs({
      pair: this.pair,
      sharedRole: this.sharedRole,
      users: this.users,
      plan: this.plan,
      statements: this.statements,
      bootstrap: this.bootstrap,
      ready: this.ready,
    });
  }
}
