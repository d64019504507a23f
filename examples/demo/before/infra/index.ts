import * as aws from '@pulumi/aws';
import * as kubernetes from '@pulumi/kubernetes';
import * as postgresql from '@pulumi/postgresql';
import * as pulumi from '@pulumi/pulumi';

const config = new pulumi.Config();

// Changed every quarter: edit here, `pulumi up`, then run rotate.sh and restart the shop.
const user = 'shop';
const password = 'shop-2026-q3-kestrel';

const role = new postgresql.Role('shop', {
  name: user,
  login: true,
  password,
  connectionLimit: 60,
});

const schema = new postgresql.Schema('shop', { name: 'shop', database: 'shop', owner: role.name });

const secret = new aws.secretsmanager.Secret('database', { name: 'shop/database' });

new aws.secretsmanager.SecretVersion('database', {
  secretId: secret.id,
  secretString: JSON.stringify({ username: user, password }),
});

const labels = { app: 'shop' };

const credentials = new kubernetes.apiextensions.CustomResource('database', {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  metadata: { name: 'shop-database' },
  spec: {
    refreshInterval: '1h',
    secretStoreRef: { kind: 'ClusterSecretStore', name: 'aws' },
    target: { name: 'shop-database' },
    dataFrom: [{ extract: { key: 'shop/database' } }],
  },
});

new kubernetes.apps.v1.Deployment(
  'shop',
  {
    metadata: { name: 'shop', labels },
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
                { name: 'DB_USER', valueFrom: { secretKeyRef: { name: 'shop-database', key: 'username' } } },
                { name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'shop-database', key: 'password' } } },
              ],
            },
          ],
        },
      },
    },
  },
  { dependsOn: [credentials, schema] },
);
