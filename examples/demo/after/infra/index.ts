import { DualUserDatabaseRole } from '@keyturn/components/postgres';
import { annotations, tags } from '@keyturn/plan';
import * as aws from '@pulumi/aws';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

const config = new pulumi.Config();
const rotationDays = 30;

const shop = new DualUserDatabaseRole('shop', {
  database: 'shop',
  plan: {
    every: `${rotationDays} days`,
    soak: '1h',
    consumers: [
      {
        name: 'shop',
        chain: [
          { kind: 'sync', name: 'External Secrets refresh', longest: '5m' },
          { kind: 'sync', name: 'kubelet volume refresh', longest: '2m' },
          { kind: 'pool', name: 'pool poll', longest: '10s' },
          { kind: 'transaction', longest: '30s' },
        ],
      },
    ],
  },
  // Four instances of ten, and one more during a rollout.
  connections: { fleet: 50, serverMax: 200 },
});

const key = new aws.kms.Key('database', { description: 'The login of shop', enableKeyRotation: true });

// Empty until the first rotation: what stands in the Pulumi state logs in nowhere.
const secret = new aws.secretsmanager.Secret('database', {
  name: 'shop/database',
  kmsKeyId: key.arn,
  tags: { [tags.plan]: `dual-user every ${rotationDays} days`, [tags.pair]: 'shop' },
});

const rotation = new aws.secretsmanager.SecretRotation(
  'database',
  {
    secretId: secret.id,
    rotationLambdaArn: config.require('rotatorArn'),
    rotationRules: { automaticallyAfterDays: rotationDays },
    rotateImmediately: true,
  },
  { dependsOn: shop },
);

const labels = { app: 'shop' };

const credentials = new kubernetes.apiextensions.CustomResource(
  'database',
  {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    // The user before stays usable until the next rotation re-keys it, an hour of soak before that.
    metadata: { name: 'shop-database', annotations: { [annotations.overlap]: `${(rotationDays - 1) * 24}h` } },
    spec: {
      refreshInterval: '5m',
      secretStoreRef: { kind: 'ClusterSecretStore', name: 'aws' },
      target: {
        name: 'shop-database',
        template: {
          data: {
            'database.env': 'DB_USER={{ .username }}\nDB_PASSWORD={{ .password }}\nDB_GENERATION={{ .generation }}\n',
          },
        },
      },
      dataFrom: [{ extract: { key: 'shop/database' } }],
    },
  },
  { dependsOn: rotation },
);

new kubernetes.apps.v1.Deployment(
  'shop',
  {
    // `@keyturn/pool` looks at its source every ten seconds, and closes what is superseded.
    metadata: { name: 'shop', labels, annotations: { [annotations.poolLifetime]: '10s' } },
    spec: {
      replicas: 4,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'shop',
              image: config.require('image'),
              ports: [{ containerPort: 8080 }],
              env: [
                { name: 'DB_HOST', value: 'shop.internal' },
                { name: 'DB_NAME', value: 'shop' },
              ],
              // A whole folder: files mounted by `subPath` are never refreshed.
              volumeMounts: [{ name: 'database', mountPath: '/run/database', readOnly: true }],
            },
          ],
          volumes: [{ name: 'database', secret: { secretName: 'shop-database', defaultMode: 0o400 } }],
        },
      },
    },
  },
  { dependsOn: credentials },
);

export const pair = shop.pair;
