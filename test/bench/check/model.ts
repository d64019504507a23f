import type { Model, Resource } from '@keyturn/resources';
import { Output, Origin, resource, unknown, urnOf } from '../../../policies/src/testing.js';

/** One application of a company that keeps everything in one stack: what it has is what programs of that size have. */
type Application = (index: number) => readonly Resource[];

const secretType = 'aws:secretsmanager/secret:Secret';

/** A database with a rotated secret, behind a proxy, read by a task of ECS whose definition names the ARN as an output. */
const rotatedDatabase: Application = (index) => {
  const name = `orders-${index}`;
  const secret = new Output(urnOf(secretType, name));
  return [
    resource(secretType, name, { name: `prod/${name}`, tags: { team: 'orders' } }),
    resource('aws:secretsmanager/secretRotation:SecretRotation', name, {
      secretId: secret,
      rotationLambdaArn: 'arn:aws:lambda:eu-west-1:123456789012:function:rotate',
      rotationRules: { automaticallyAfterDays: 30 },
    }),
    resource('aws:rds/instance:Instance', name, {
      engine: 'postgres',
      instanceClass: 'db.t4g.medium',
      manageMasterUserPassword: true,
      tags: { team: 'orders' },
    }),
    resource('aws:rds/proxy:Proxy', name, { name, auths: [{ authScheme: 'SECRETS', secretArn: secret }] }),
    resource('aws:ecs/taskDefinition:TaskDefinition', name, {
      family: name,
      containerDefinitions: JSON.stringify([
        {
          name: 'app',
          image: 'orders:1',
          environment: [{ name: 'PORT', value: '8080' }],
          secrets: [
            { name: 'DB', valueFrom: `arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/${name}-AbCdEf` },
          ],
        },
      ]),
    }),
    resource('aws:ecs/service:Service', name, {
      taskDefinition: new Output(urnOf('aws:ecs/taskDefinition:TaskDefinition', name)),
      desiredCount: 2,
    }),
  ];
};

/** A service whose names only the deployment knows: the expensive case for everything that links by name. */
const autoNamed: Application = (index) => {
  const name = `billing-${index}`;
  return [
    resource(secretType, name, { name: unknown, tags: unknown }),
    resource('aws:secretsmanager/secretVersion:SecretVersion', name, { secretId: unknown, secretString: unknown }),
    resource('aws:secretsmanager/secretRotation:SecretRotation', name, { secretId: unknown, rotationRules: unknown }),
    resource('aws:ecs/taskDefinition:TaskDefinition', name, { family: unknown, containerDefinitions: unknown }),
    resource('aws:ecs/service:Service', name, { taskDefinition: unknown }),
    resource('kubernetes:core/v1:Secret', name, { metadata: { name: unknown }, stringData: { password: unknown } }),
    resource('kubernetes:apps/v1:Deployment', name, {
      metadata: { name: unknown },
      spec: {
        template: {
          spec: {
            containers: [
              { name: 'app', env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: unknown, key: 'p' } } }] },
            ],
          },
        },
      },
    }),
  ];
};

/** A team's namespace: every team calls its Secret `db`. */
const namespaced: Application = (index) => {
  const namespace = `team-${index}`;
  const name = `web-${index}`;
  const reads = { name: 'PGPASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } };
  const container = {
    name: 'app',
    image: 'web:1',
    env: [reads, { name: 'LOG_LEVEL', value: 'info' }],
    readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
  };
  return [
    resource('kubernetes:external-secrets.io/v1:ExternalSecret', name, {
      metadata: { name: 'db', namespace },
      spec: { refreshInterval: '15m', target: { name: 'db' } },
    }),
    resource('kubernetes:apps/v1:Deployment', name, {
      metadata: { name, namespace },
      spec: { replicas: 2, template: { spec: { containers: [container] } } },
    }),
    resource('kubernetes:core/v1:Secret', name, {
      metadata: { name: `tls-${index}`, namespace },
      stringData: { note: new Origin({ kind: 'secret-config', key: 'app:note' }, 'x') },
    }),
    resource('kubernetes:core/v1:Service', name, { metadata: { name, namespace }, spec: { ports: [{ port: 80 }] } }),
    resource('kubernetes:core/v1:ConfigMap', name, { metadata: { name, namespace }, data: { LOG_LEVEL: 'info' } }),
  ];
};

/** What has nothing to do with credentials, as most of a stack. */
const plain: Application = (index) => [
  resource('aws:s3/bucket:Bucket', `logs-${index}`, { tags: { team: 'platform' }, versioning: { enabled: true } }),
  resource('aws:iam/role:Role', `role-${index}`, { assumeRolePolicy: '{"Version":"2012-10-17","Statement":[]}' }),
  resource('aws:ec2/securityGroup:SecurityGroup', `sg-${index}`, { ingress: [{ fromPort: 443, toPort: 443 }] }),
  resource('aws:lambda/function:Function', `fn-${index}`, { environment: { variables: { STAGE: 'prod' } } }),
  resource('vault:database/secretBackendRole:SecretBackendRole', `role-${index}`, { defaultTtl: 3600, maxTtl: 86400 }),
];

const applications: readonly Application[] = [rotatedDatabase, namespaced, plain, autoNamed, plain, namespaced];

/**
 * A stack of `count` resources of every kind that the policies look at, and of some that they do not. Names repeat across
 * namespaces, and a part of them is unknown, as in a preview.
 */
export function checkModel(count: number): Model {
  const resources: Resource[] = [];
  for (let index = 0; resources.length < count; index++) {
    for (const [offset, application] of applications.entries()) resources.push(...application(index * 10 + offset));
  }
  return { resources: resources.slice(0, count), notAnalysed: [] };
}
