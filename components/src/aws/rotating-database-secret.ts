import { componentTypes, type DualUsers, dualUsersOf, type Plan, type SharedRoleKind, tags } from '@keyturn/plan';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

import { awsRotationRules, type RotationSchedule, scheduledPlan } from '../schedule/rotation-schedule.js';
import { makeChild, type Transform } from '../transform.js';
import { rotatorCode } from './rotator-code.js';
import { rotatorStatements } from './rotator-rights.js';

export interface RotatingDatabaseSecretArgs {
  /** Required. Where applications connect. */
  readonly database: {
    readonly engine?: 'postgres';
    readonly host: pulumi.Input<string>;
    /** Default: 5432. */
    readonly port?: pulumi.Input<number>;
    readonly name: pulumi.Input<string>;
  };
  /** Required. Name of the pair: users `<pair>_a` and `<pair>_b` over the shared role `<pair>`. */
  readonly pair: string;
  /** Required. ARN of the secret with the rotator's login: JSON with `username`, `password` and `host`. */
  readonly adminSecretArn: pulumi.Input<string>;
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
  /** Optional. Where the function runs. Default: outside a VPC, which reaches public endpoints only. */
  readonly network?: {
    readonly subnetIds: pulumi.Input<pulumi.Input<string>[]>;
    readonly securityGroupIds: pulumi.Input<pulumi.Input<string>[]>;
  };
  /** Optional. How often superseded users are looked after. Default: `rate(1 hour)`. */
  readonly retireSchedule?: string;
  /** Optional. Topic that failed rotations are reported to. Default: the alarm exists and tells nobody. */
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Optional. Days that the function's log is kept. Default: 365. */
  readonly logDays?: number;
  /** Optional. Changes a child before it is made. */
  readonly transform?: {
    readonly secret?: Transform<aws.secretsmanager.SecretArgs>;
    readonly function?: Transform<aws.lambda.FunctionArgs>;
    readonly role?: Transform<aws.iam.RoleArgs>;
    readonly rotation?: Transform<aws.secretsmanager.SecretRotationArgs>;
    readonly alarm?: Transform<aws.cloudwatch.MetricAlarmArgs>;
  };
}

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
  /** The secret's ARN, once its rotation is set up. Consumers and proxies depend on it. */
  readonly ready: pulumi.Output<string>;

  /**
   * @throws PlanError when the schedule is faster than its consumers can follow; the message names the links and the numbers.
   * @throws ScheduleError when Secrets Manager cannot keep the schedule.
   * @throws NameError when a name does not fit PostgreSQL.
   */
  constructor(name: string, args: RotatingDatabaseSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = scheduledPlan({ ...args.plan, strategy: 'dual-user' }, args.schedule);
    const rotationRules = awsRotationRules(args.schedule);
    const pair = { name: args.pair, ...dualUsersOf(args.pair) };
    const { database, transform = {}, sharedRole = 'owner', endpoints = [] } = args;
    super(RotatingDatabaseSecret.type, name, { pair, plan, rotationRules }, opts);
    const child = { parent: this };
    const described = { [tags.plan]: JSON.stringify(plan), [tags.strategy]: plan.strategy, [tags.pair]: pair.name };

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
        tags: described,
      },
      options: child,
      transform: transform.secret,
    });

    const role = makeChild<aws.iam.RoleArgs, aws.iam.Role>(aws.iam.Role, {
      name: `${name}-role`,
      args: {
        assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: 'lambda.amazonaws.com' }),
        tags: described,
      },
      options: child,
      transform: transform.role,
    });
    const log = new aws.cloudwatch.LogGroup(
      `${name}-log`,
      { retentionInDays: args.logDays ?? 365, tags: described },
      child,
    );
    new aws.iam.RolePolicy(
      `${name}-rights`,
      {
        role: role.id,
        policy: pulumi.jsonStringify({
          Version: '2012-10-17',
          Statement: rotatorStatements({
            secretArn: secret.arn,
            adminSecretArn: args.adminSecretArn,
            kmsKeyArn,
            logArn: log.arn,
            network: args.network !== undefined,
          }),
        }),
      },
      child,
    );
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
        loggingConfig: { logFormat: 'JSON', logGroup: log.name },
        environment: {
          variables: {
            KEYTURN_PAIR: JSON.stringify(pair),
            KEYTURN_PLAN: JSON.stringify(plan),
            KEYTURN_SHARED_ROLE: sharedRole,
            KEYTURN_DATABASE: pulumi.jsonStringify({
              engine: database.engine ?? 'postgres',
              host: database.host,
              port: database.port ?? 5432,
              dbname: database.name,
              masterarn: args.adminSecretArn,
            }),
            KEYTURN_ENDPOINTS: pulumi.jsonStringify(endpoints),
          },
        },
        ...(args.network === undefined ? {} : { vpcConfig: args.network }),
        tags: described,
      },
      options: child,
      transform: transform.function,
    });
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
        options: { ...child, dependsOn: allowed },
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
    makeChild<aws.cloudwatch.MetricAlarmArgs, aws.cloudwatch.MetricAlarm>(aws.cloudwatch.MetricAlarm, {
      name: `${name}-failed`,
      args: {
        alarmDescription: `A rotation step of the pair ${pair.name} failed or is blocked. Nobody lost a login; the function's log says by whom it is blocked.`,
        namespace: 'AWS/Lambda',
        metricName: 'Errors',
        dimensions: { FunctionName: rotator.name },
        statistic: 'Sum',
        period: 3600,
        evaluationPeriods: 1,
        threshold: 1,
        comparisonOperator: 'GreaterThanOrEqualToThreshold',
        treatMissingData: 'notBreaching',
        alarmActions: args.alarmTopicArn === undefined ? [] : [args.alarmTopicArn],
        tags: described,
      },
      options: child,
      transform: transform.alarm,
    });
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
    this.readerPolicy = pulumi.jsonStringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
          Resource: secret.arn,
        },
        { Effect: 'Allow', Action: 'kms:Decrypt', Resource: kmsKeyArn },
      ],
    });
    this.ready = pulumi.all([secret.arn, rotation.id]).apply(([arn]) => arn);
    this.registerOutputs({
      secretArn: this.secretArn,
      pair: this.pair,
      plan: this.plan,
      functionArn: this.functionArn,
      ready: this.ready,
    });
  }
}
