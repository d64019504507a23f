import { BlueGreenRotation } from '@keyturn/components/kubernetes';
import * as aws from '@pulumi/aws';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

const config = new pulumi.Config();
const secretArn = config.require('secretArn');
const namespace = 'shop';
const reader = 'shop-secrets';

// External Secrets reads versions of this one secret, as a service account of the cluster and without a key.
const role = new aws.iam.Role('secrets', {
  assumeRolePolicy: JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'pods.eks.amazonaws.com' },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
      },
    ],
  }),
});
new aws.iam.RolePolicy('secrets', {
  role: role.id,
  policy: JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
        Resource: secretArn,
      },
    ],
  }),
});
new aws.eks.PodIdentityAssociation('secrets', {
  clusterName: config.require('cluster'),
  namespace,
  serviceAccount: reader,
  roleArn: role.arn,
});
const account = new kubernetes.core.v1.ServiceAccount('secrets', {
  metadata: { name: reader, namespace },
  automountServiceAccountToken: false,
});
const store = new kubernetes.apiextensions.CustomResource(
  'store',
  {
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: { name: 'secrets-manager', namespace },
    spec: {
      provider: {
        aws: {
          service: 'SecretsManager',
          region: new pulumi.Config('aws').require('region'),
          auth: { jwt: { serviceAccountRef: { name: reader } } },
        },
      },
    },
  },
  { dependsOn: account },
);

const web = new BlueGreenRotation(
  'web',
  {
    namespace,
    replicas: 4,
    port: 8080,
    rotatedBy: 'keyturn',
    source: { store: { name: 'secrets-manager' }, key: secretArn, provider: 'aws-secrets-manager' },
    published: config.require('published'),
    ...(config.get('pending') && { pending: config.require('pending') }),
    podSpec: { containers: [{ name: 'web', image: 'registry.example/shop:1.4', ports: [{ containerPort: 8080 }] }] },
    login: { by: 'psql', host: config.require('databaseHost'), database: 'shop' },
    drain: { longestRequest: '30s' },
    traffic: { by: 'gateway-api', gateway: { name: 'public' }, hostnames: ['shop.example'] },
    check: {
      prometheus: 'http://prometheus.monitoring:9090',
      refusedLogins: 'sum(increase(shop_refused_logins_total[1m]))',
      errorRate: 'sum(rate(shop_errors_total[1m])) / sum(rate(shop_requests_total[1m]))',
    },
  },
  { dependsOn: store },
);

export const version = web.version;
