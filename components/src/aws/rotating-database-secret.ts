import {
  componentTypes,
  type DualUsers,
  dualUsersOf,
  longestPostgresName,
  milliseconds,
  type Plan,
  planTag,
  type SharedRoleKind,
  tags,
} from '@keyturn/plan';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

import { awsRotationRules, longestGap, type RotationSchedule, scheduledPlan } from '../schedule/rotation-schedule.js';
import { GraduallyError } from '../gradually-error.js';
import { makeChild, type Transform } from '../transform.js';
import { onlyRotatorWrites, readerDocument, readerPolicies, type SecretConsumer } from './consumers.js';
import { longestMysqlName } from '../mysql/dual-user-model.js';
import { placeRotator, type RotatorNetwork } from './network.js';
import { type ProxyAuth, proxyUsers } from './proxy-users.js';
import { redeploy } from './redeploy.js';
import { rotatorCode } from './rotator-code.js';
import { rotatorStatements } from './rotator-rights.js';
import { watch } from './watch.js';

export interface RotatingDatabaseSecretArgs {
  /** Required. Where applications connect. */
  readonly database: {
    /** Default: `postgres`. */
    readonly engine?: 'postgres' | 'mysql' | 'mariadb';
    readonly host: pulumi.Input<string>;
    /** Default: 5432; 3306 on MySQL and MariaDB. */
    readonly port?: pulumi.Input<number>;
    readonly name: pulumi.Input<string>;
    /** On MySQL and MariaDB, how the users are made: `bootstrap` of `DualUserDatabaseRole`. Default: TLS only, from anywhere, no limit. */
    readonly users?: pulumi.Input<{ host: string; requireTls: boolean; connectionLimit: number }>;
  };
  /** Required. Name of the pair: users `<pair>_a` and `<pair>_b` over the shared role `<pair>`. */
  readonly pair: string;
  /** Required. ARN of the secret with the rotator's login: JSON with `username`, `password` and `host`. */
  readonly adminSecretArn: pulumi.Input<string>;
  /** Optional. Key that encrypts the admin secret. Default: the account's own key for Secrets Manager, which needs no right. */
  readonly adminKmsKeyArn?: pulumi.Input<string>;
  /** Required. When it rotates. Secrets Manager knows UTC, whole hours, and nothing under four hours. */
  readonly schedule: RotationSchedule;
  /** Required. How long its consumers can hold a superseded credential. The interval is the schedule's. */
  readonly plan: Omit<Plan, 'strategy' | 'every'>;
  /** Optional. Default: `owner`. */
  readonly sharedRole?: SharedRoleKind;
  /** Optional. Endpoints beside the writer; a login is tried on each before anything is published. Default: none. */
  readonly endpoints?: readonly {
    readonly name: string;
    readonly kind: 'reader' | 'pooler' | 'proxy';
    readonly host: pulumi.Input<string>;
    readonly port: pulumi.Input<number>;
  }[];
  /** Optional. Encrypts the secret. Default: a key of its own, which rotates every year. */
  readonly kmsKeyArn?: pulumi.Input<string>;
  /** Optional. Regions that the secret is replicated to, each with a key there. Default: none. */
  readonly replicas?: readonly { readonly region: string; readonly kmsKeyArn?: pulumi.Input<string> }[];
  /** Optional. Who reads the secret, by a name of its own. Default: nobody; `readerPolicy` is there for you to attach. */
  readonly consumers?: Readonly<Record<string, SecretConsumer>>;
  /**
   * Optional. Whether an RDS Proxy logs in for applications: then each user has a secret of its own too. With its `name`, the function asks AWS before each rotation whether
   * both are registered, and refuses with a sentence when one is not. Default: false.
   */
  readonly proxy?: boolean | { readonly name: string };
  /** Refused: the four steps of Secrets Manager cannot pause, so nothing can be tried with part of the traffic. `RotationJob` does that. */
  readonly gradually?: never;
  /** Optional. Where the function runs. Default: outside a VPC, which reaches public endpoints only. */
  readonly network?: RotatorNetwork;
  /** Optional. How often superseded users are looked after and late rotations are asked for again. Default: `rate(1 hour)`. */
  readonly retireSchedule?: string;
  /**
   * Optional. Topic for alarms, and for what Secrets Manager says about rotations; in the region of the alarms. Its policy has to let `cloudwatch.amazonaws.com` (a topic of
   * another account, or one with a policy of its own) and `events.amazonaws.com` (any topic) publish: output `alarmTopicPolicy`. Where it is encrypted, by a key of yours
   * whose policy gives both `kms:Decrypt` and `kms:GenerateDataKey*`; alarms cannot publish to a topic under AWS's own key `alias/aws/sns`. Default: the alarms exist and
   * tell nobody.
   */
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Optional. Days that the function's log is kept. Default: 365. */
  readonly logDays?: number;
  /** Optional. Changes a child before it is made. */
  readonly transform?: {
    readonly secret?: Transform<aws.secretsmanager.SecretArgs>;
    readonly function?: Transform<aws.lambda.FunctionArgs>;
    readonly role?: Transform<aws.iam.RoleArgs>;
    readonly rotation?: Transform<aws.secretsmanager.SecretRotationArgs>;
    /** Applied to all three alarms. */
    readonly alarm?: Transform<aws.cloudwatch.MetricAlarmArgs>;
  };
}

const longestName = { postgres: longestPostgresName, ...longestMysqlName };

/**
 * A database login in Secrets Manager that rotates between two users, with everything that this needs.
 *
 * The secret has no value until the first rotation, so the Pulumi state holds none. The function's first steps run behind the drain gate; a
 * second schedule on the same function retires superseded users. Deploying it rotates once: Secrets Manager does that when a rotation is set
 * up, and nobody has a credential before it.
 */
export class RotatingDatabaseSecret extends pulumi.ComponentResource {
  static readonly type = componentTypes.awsRotatingDatabaseSecret;
  readonly secretArn: pulumi.Output<string>;
  readonly pair: pulumi.Output<DualUsers & { readonly name: string }>;
  readonly plan: pulumi.Output<Plan>;
  readonly functionArn: pulumi.Output<string>;
  /** Policy document that lets a consumer read this secret and nothing else. */
  readonly readerPolicy: pulumi.Output<string>;
  /** ARN of the policy of each of `consumers`. */
  readonly readerPolicyArns: pulumi.Output<Readonly<Record<string, string>>>;
  /** With `proxy`: `auths` of `aws.rds.Proxy`, one for each user. Without: empty. */
  readonly proxyAuths: pulumi.Output<readonly ProxyAuth[]>;
  /** With `proxy`: policy document for the role of the proxy. Without: undefined. */
  readonly proxyPolicy: pulumi.Output<string | undefined>;
  /** With `alarmTopicArn`: policy document that lets the three alarms and EventBridge publish to that topic, for `aws.sns.TopicPolicy` of whoever owns it. Without: undefined. */
  readonly alarmTopicPolicy: pulumi.Output<string | undefined>;
  /** The secret's ARN, once its rotation is set up. Consumers and proxies depend on it. */
  readonly ready: pulumi.Output<string>;

  /**
   * @throws PlanError when the schedule is faster than its consumers can follow; the message names the links and the numbers.
   * @throws ScheduleError when Secrets Manager cannot keep the schedule.
   * @throws NameError when a name does not fit the database.
   * @throws GraduallyError when a candidate is to be tried with part of the traffic.
   */
  constructor(name: string, args: RotatingDatabaseSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    if ((args as { readonly gradually?: unknown }).gradually !== undefined)
      throw new GraduallyError(
        'Secrets Manager rotates in four steps that cannot pause between test and finish, so nothing can be tried with part of the traffic. Leave `gradually` out, or let a RotationJob rotate.',
      );
    const plan = scheduledPlan({ ...args.plan, strategy: 'dual-user' }, args.schedule);
    const rotationRules = awsRotationRules(args.schedule);
    const pair = { name: args.pair, ...dualUsersOf(args.pair, longestName[args.database.engine ?? 'postgres']) };
    const { database, transform = {}, sharedRole = 'owner', endpoints = [] } = args;
    super(RotatingDatabaseSecret.type, name, { pair, plan, rotationRules }, opts);
    const child = { parent: this };
    const described = { [tags.plan]: planTag(plan), [tags.strategy]: plan.strategy, [tags.pair]: pair.name };

    const kmsKeyArn =
      args.kmsKeyArn ??
      new aws.kms.Key(
        `${name}-key`,
        { description: `Encrypts the secret of the pair ${pair.name}.`, enableKeyRotation: true, tags: described },
        child,
      ).arn;
    const secret = makeChild<aws.secretsmanager.SecretArgs, aws.secretsmanager.Secret>(aws.secretsmanager.Secret, {
      name: `${name}-secret`,
      args: {
        description: `Login of the pair ${pair.name}. keyturn writes it; a version that somebody else puts here stops the rotation.`,
        kmsKeyId: kmsKeyArn,
        ...(args.replicas && {
          replicas: args.replicas.map(({ region, kmsKeyArn: kmsKeyId }) => ({ region, ...(kmsKeyId && { kmsKeyId }) })),
        }),
        tags: described,
      },
      options: child,
      transform: transform.secret,
    });
    const byProxy =
      args.proxy !== undefined && args.proxy !== false
        ? proxyUsers(name, pair, kmsKeyArn, described, child)
        : undefined;

    const role = makeChild<aws.iam.RoleArgs, aws.iam.Role>(aws.iam.Role, {
      name: `${name}-role`,
      args: {
        assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: 'lambda.amazonaws.com' }),
        tags: described,
      },
      options: child,
      transform: transform.role,
    });
    const writers = new aws.secretsmanager.SecretPolicy(
      `${name}-only-rotator-writes`,
      { secretArn: secret.arn, policy: onlyRotatorWrites(role.arn), blockPublicPolicy: true },
      child,
    );
    const log = new aws.cloudwatch.LogGroup(
      `${name}-log`,
      { retentionInDays: args.logDays ?? 365, tags: described },
      child,
    );
    const rights = new aws.iam.RolePolicy(
      `${name}-rights`,
      {
        role: role.id,
        policy: pulumi.jsonStringify({
          Version: '2012-10-17',
          Statement: rotatorStatements({
            secretArn: secret.arn,
            adminSecretArn: args.adminSecretArn,
            adminKmsKeyArn: args.adminKmsKeyArn,
            userSecretArns: byProxy?.secretArns ?? [],
            kmsKeyArn,
            logArn: log.arn,
            network: args.network !== undefined,
            looksAtProxy: typeof args.proxy === 'object',
          }),
        }),
      },
      child,
    );
    const { engine = 'postgres' } = database;
    const port = database.port ?? (engine === 'postgres' ? 5432 : 3306);
    const placed = args.network && placeRotator(name, args.network, port, child);
    // Rotations may start as late as their window lets them; Secrets Manager's own is a day.
    const rotatesWithinMs =
      longestGap(args.schedule) + milliseconds(args.schedule.window ?? '24h') + milliseconds('1h');
    const rotator = makeChild<aws.lambda.FunctionArgs, aws.lambda.Function>(aws.lambda.Function, {
      name: `${name}-rotator`,
      args: {
        description: `Rotates the pair ${pair.name}.`,
        role: role.arn,
        runtime: 'nodejs22.x',
        handler: 'index.handler',
        code: rotatorCode(),
        timeout: 300,
        memorySize: 256,
        // Two rotators at once are fenced in the database; one at a time makes the log readable.
        reservedConcurrentExecutions: 1,
        // The function writes lines of JSON; Lambda would put others around them.
        loggingConfig: { logFormat: 'Text', logGroup: log.name },
        environment: {
          variables: {
            KEYTURN_PAIR: JSON.stringify(pair),
            KEYTURN_PLAN: JSON.stringify(plan),
            KEYTURN_SHARED_ROLE: sharedRole,
            KEYTURN_DATABASE: pulumi.jsonStringify({
              engine,
              host: database.host,
              port,
              dbname: database.name,
              masterarn: args.adminSecretArn,
            }),
            KEYTURN_ENDPOINTS: pulumi.jsonStringify(endpoints),
            ...(database.users && {
              KEYTURN_MYSQL_USERS: pulumi
                .output(database.users)
                .apply(({ host, requireTls, connectionLimit }) =>
                  JSON.stringify({ host, requireTls, connectionLimit }),
                ),
            }),
            ...(typeof args.proxy === 'object' && { KEYTURN_PROXY: args.proxy.name }),
            KEYTURN_ROTATES_WITHIN_MS: String(rotatesWithinMs),
            ...(byProxy && {
              KEYTURN_USER_SECRETS: pulumi.jsonStringify({
                [pair.users[0]]: byProxy.secretArns[0],
                [pair.users[1]]: byProxy.secretArns[1],
              }),
            }),
          },
        },
        ...(placed && {
          vpcConfig: { subnetIds: placed.subnetIds, securityGroupIds: placed.securityGroupIds },
        }),
        tags: described,
      },
      options: { ...child, dependsOn: [rights, ...(placed?.ready ?? [])] },
      transform: transform.function,
    });
    // RotateSecret is refused to a caller that may not invoke the function.
    new aws.iam.RolePolicy(
      `${name}-asks-again`,
      {
        role: role.id,
        policy: pulumi.jsonStringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: rotator.arn }],
        }),
      },
      child,
    );
    const allowed = new aws.lambda.Permission(
      `${name}-allow-secrets-manager`,
      {
        action: 'lambda:InvokeFunction',
        function: rotator.name,
        principal: 'secretsmanager.amazonaws.com',
        sourceArn: secret.arn,
      },
      child,
    );
    const rotation = makeChild<aws.secretsmanager.SecretRotationArgs, aws.secretsmanager.SecretRotation>(
      aws.secretsmanager.SecretRotation,
      {
        name: `${name}-rotation`,
        args: { secretId: secret.id, rotationLambdaArn: rotator.arn, rotationRules, rotateImmediately: true },
        options: { ...child, dependsOn: [allowed, writers] },
        transform: transform.rotation,
      },
    );

    const hourly = new aws.cloudwatch.EventRule(
      `${name}-retire`,
      {
        description: `Retires superseded users of the pair ${pair.name}.`,
        scheduleExpression: args.retireSchedule ?? 'rate(1 hour)',
        tags: described,
      },
      child,
    );
    new aws.lambda.Permission(
      `${name}-allow-schedule`,
      {
        action: 'lambda:InvokeFunction',
        function: rotator.name,
        principal: 'events.amazonaws.com',
        sourceArn: hourly.arn,
      },
      child,
    );
    new aws.cloudwatch.EventTarget(
      `${name}-retire-target`,
      { rule: hourly.name, arn: rotator.arn, input: pulumi.jsonStringify({ keyturn: 'retire', SecretId: secret.arn }) },
      child,
    );
    const about = { pair: pair.name, secretArn: secret.arn, tags: described };
    const told = { ...about, functionName: rotator.name, logName: log.name, topicArn: args.alarmTopicArn };
    const topicPolicy = watch(name, { ...told, transform: transform.alarm }, child);
    const consumers = args.consumers ?? {};
    const readable = { secretArn: secret.arn, kmsKeyArn };
    const services = Object.entries(consumers).flatMap(([consumer, { ecsService }]) =>
      ecsService ? [{ consumer, ...ecsService }] : [],
    );
    if (services.length > 0) redeploy(name, services, about, child);

    if (pulumi.runtime.isDryRun()) {
      void pulumi.log.info(
        'Secrets Manager rotates once when this is deployed: the first user gets its password then. Make the roles and the journal first (event { "keyturn": "bootstrap" }).',
        this,
      );
    }

    this.secretArn = secret.arn;
    this.pair = pulumi.output(pair);
    this.plan = pulumi.output(plan);
    this.functionArn = rotator.arn;
    this.readerPolicy = readerDocument(readable);
    this.readerPolicyArns = pulumi.output(readerPolicies(name, consumers, readable, child));
    this.proxyAuths = byProxy?.auths ?? pulumi.output([]);
    this.proxyPolicy = byProxy?.policy ?? pulumi.output(undefined);
    this.alarmTopicPolicy = topicPolicy ?? pulumi.output(undefined);
    this.ready = pulumi.all([secret.arn, rotation.id]).apply(([arn]) => arn);
    this.registerOutputs({
      secretArn: this.secretArn,
      pair: this.pair,
      plan: this.plan,
      functionArn: this.functionArn,
      readerPolicyArns: this.readerPolicyArns,
      proxyAuths: this.proxyAuths,
      alarmTopicPolicy: this.alarmTopicPolicy,
      ready: this.ready,
    });
  }
}
