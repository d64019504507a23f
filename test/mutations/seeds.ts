/** Small inputs of every kind that `keyturn check` reads, by the name of a file that says what it is. */
export const documents: Readonly<Record<string, string>> = {
  'manifest.yaml': `apiVersion: v1
kind: Secret
metadata: { name: db, namespace: shop }
stringData:
  password: correct-horse
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  replicas: 2
  template:
    spec:
      terminationGracePeriodSeconds: 30
      containers:
        - name: api
          env:
            - name: DB_PASSWORD
              valueFrom: { secretKeyRef: { name: db, key: password } }
          volumeMounts: [{ name: db, mountPath: /etc/db, subPath: password }]
      volumes: [{ name: db, secret: { secretName: db } }]
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: db }
spec: { refreshInterval: 0s, target: { name: db }, data: [{ secretKey: password, remoteRef: { key: db, version: '3' } }] }
`,
  'compose.yaml': `services:
  db:
    image: postgres:16
    environment:
      POSTGRES_PASSWORD: correct-horse
      POSTGRES_USER: &user app
  api:
    env_file: [.env]
    environment: [DB_USER=app, "DB_PASSWORD=\${DB_PASSWORD}"]
    secrets: [db]
secrets: { db: { file: ./db.txt } }
`,
  'Pulumi.yaml': `name: shop
runtime: yaml
config: { password: { type: string, secret: true } }
resources:
  db:
    type: aws:rds:Instance
    properties: { instanceClass: db.t3.micro, password: correct-horse, username: \${user.name} }
  secret:
    type: aws:secretsmanager:Secret
    options: { ignoreChanges: [name] }
variables:
  found: { fn::invoke: { function: aws:secretsmanager:getSecretVersion, arguments: { secretId: x } } }
`,
  'preview.json': JSON.stringify(
    {
      steps: [
        {
          op: 'create',
          urn: 'urn:pulumi:dev::shop::aws:rds/instance:Instance::db',
          newState: {
            urn: 'urn:pulumi:dev::shop::aws:rds/instance:Instance::db',
            type: 'aws:rds/instance:Instance',
            custom: true,
            inputs: { password: 'correct-horse', username: 'app' },
            propertyDependencies: { password: [] },
            dependencies: [],
            sourcePosition: 'project:///index.ts#3,1',
          },
        },
      ],
    },
    undefined,
    1,
  ),
  'stack.json': JSON.stringify(
    {
      version: 3,
      deployment: {
        resources: [
          { urn: 'urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev', type: 'pulumi:pulumi:Stack', custom: false },
          {
            urn: 'urn:pulumi:dev::shop::aws:secretsmanager/secret:Secret::s',
            type: 'aws:secretsmanager/secret:Secret',
            custom: true,
            id: 'arn',
            inputs: { name: 's' },
            outputs: {
              arn: { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', ciphertext: 'x' },
            },
            parent: 'urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev',
          },
        ],
      },
    },
    undefined,
    1,
  ),
  '.env': `DB_USER=app\nDB_PASSWORD="correct-horse"\nexport TOKEN='abc\${X}' # keyturn-ignore\n`,
  '.github/workflows/deploy.yml': `on: push
jobs:
  rotate:
    runs-on: ubuntu-latest
    steps:
      - run: |
          psql -c "ALTER USER app PASSWORD 'correct-horse'"
          kubectl rollout restart deployment/api
        env: { PGPASSWORD: correct-horse }
`,
  'rotate.sh': `#!/bin/sh\npsql -c "ALTER ROLE app WITH PASSWORD '$NEW'"\nsed -i "s/^DB_PASSWORD=.*/DB_PASSWORD=$NEW/" .env\n`,
};

export const programs: readonly string[] = [
  `import * as pulumi from '@pulumi/pulumi';
import * as aws from '@pulumi/aws';
const config = new pulumi.Config();
const db = new aws.rds.Instance('db', { instanceClass: 'db.t3.micro', password: config.requireSecret('pw') });
for (const name of ['a', 'b']) new aws.ssm.Parameter(name, { type: 'String', value: db.endpoint.apply((host) => host.split(':')[0]) });
export const address = pulumi.interpolate\`\${db.address}:5432\`;
`,
  `import * as aws from '@pulumi/aws';
import * as fs from 'node:fs';
export = async () => {
  const zones = await aws.getAvailabilityZones({ state: 'available' });
  zones.names.slice(0, 2).forEach((zone, index) => new aws.s3.Bucket(\`z\${index}\`, { tags: { zone } }));
  const settings = JSON.parse(process.env['SETTINGS'] ?? '{"size":3}');
  new aws.secretsmanager.SecretVersion('v', { secretId: 's', secretString: fs.readFileSync('x.txt', 'utf8') + settings.size });
};
`,
  `const pulumi = require('@pulumi/pulumi');
const random = require('@pulumi/random');
class Pair extends pulumi.ComponentResource {
  constructor(name, options) {
    super('shop:index:Pair', name, {}, options);
    this.password = new random.RandomPassword(name, { length: 20 }, { parent: this }).result;
    this.registerOutputs({ password: this.password });
  }
}
exports.pair = new Pair('pair', { transforms: [async ({ props, opts }) => ({ props, opts })] }).password;
`,
];
