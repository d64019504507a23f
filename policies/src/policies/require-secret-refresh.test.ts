import { typeTokens } from '@keyturn/plan';
import { describe, expect, it } from 'vitest';
import { modelOf, Output, resource, says, unknown, urnOf, yaml } from '../testing.js';
import { requireSecretRefresh } from './require-secret-refresh.js';

const external = `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: db }
spec: { refreshInterval: 15m, target: { name: db } }
---`;
const workload = (more: { annotations?: string; pods?: string; container?: string; kind?: string } = {}) => `
apiVersion: apps/v1
kind: ${more.kind ?? 'Deployment'}
metadata: { name: web, annotations: {${more.annotations ?? ''}} }
spec:
  template:
    metadata: { annotations: {${more.pods ?? ''}} }
    spec:
      volumes: [{ name: creds, secret: { secretName: db } }]
      containers:
        - ${more.container ?? '{ name: app, env: [{ name: PASSWORD, valueFrom: { secretKeyRef: { name: db, key: password } } }] }'}
`;
const vault = (targets: string) => `
apiVersion: secrets.hashicorp.com/v1beta1
kind: VaultDynamicSecret
metadata: { name: db }
spec: { destination: { name: db, create: true }, rolloutRestartTargets: ${targets} }
---`;

describe('require-secret-refresh', () => {
  it('finds a workload that reads a rotating Secret once, and prints the chain', () => {
    expect(says(requireSecretRefresh, yaml(external + workload()))).toEqual([
      'fail: web does not notice a rotation: ExternalSecret db writes Secret db again every 15m → container app reads it from the environment, once, at start → nothing restarts it.',
    ]);
  });

  it.each([
    { name: 'envFrom', container: '{ name: app, envFrom: [{ secretRef: { name: db } }] }', fails: 1 },
    { name: 'a volume', container: '{ name: app, volumeMounts: [{ name: creds, mountPath: /creds }] }', fails: 0 },
    {
      name: 'the database itself',
      container:
        '{ name: db, image: "postgres:16", env: [{ name: POSTGRES_PASSWORD, valueFrom: { secretKeyRef: { name: db } } }] }',
      fails: 0,
    },
  ])('judges $name', ({ container, fails }) => {
    expect(says(requireSecretRefresh, yaml(external + workload({ container })))).toHaveLength(fails);
  });

  it.each([
    { name: 'Reloader', given: external + workload({ annotations: '"reloader.stakater.com/auto": "true"' }) },
    { name: 'a checksum', given: external + workload({ pods: 'checksum/secret: abc' }) },
    { name: 'an operator that restarts it', given: vault('[{ kind: Deployment, name: web }]') + workload() },
    { name: 'a Secret that nothing writes again', given: workload() },
    { name: 'an ExternalSecret that is read once', given: external.replace('15m', '0') + workload() },
    {
      name: 'another namespace',
      given:
        external.replace('name: db }', 'name: db, namespace: a }') +
        workload().replace('name: web,', 'name: web, namespace: b,'),
    },
  ])('says nothing where there is $name', ({ given }) => {
    expect(says(requireSecretRefresh, yaml(given))).toEqual([]);
  });

  it.each([
    {
      name: 'Reloader is switched off',
      given: external + workload({ annotations: '"reloader.stakater.com/auto": "false"' }),
    },
    { name: 'the operator restarts something else', given: vault('[{ kind: Deployment, name: api }]') + workload() },
    { name: 'the operator restarts another kind', given: vault('[{ kind: StatefulSet, name: web }]') + workload() },
  ])('still finds it when $name', ({ given }) => {
    expect(says(requireSecretRefresh, yaml(given))).toHaveLength(1);
  });

  it.each([
    {
      once: '"true"',
      path: 'database/creds/app',
      says: [expect.stringMatching(/^fail: web .* renders its login once/)],
    },
    { once: '"true"', path: 'database/static-creds/app', says: [expect.stringMatching(/^fail: web /)] },
    { once: '"true"', path: 'kv/data/app', says: [] },
    { once: '"false"', path: 'database/creds/app', says: [] },
  ])('knows whether the agent of Vault goes on: once $once, $path', ({ once, path, says: lines }) => {
    const pods = `vault.hashicorp.com/agent-inject: "true", vault.hashicorp.com/agent-inject-secret-db: ${path}, vault.hashicorp.com/agent-pre-populate-only: ${once}`;
    expect(says(requireSecretRefresh, yaml(workload({ pods })))).toEqual(lines);
  });

  it('does not decide when annotations are unknown', () => {
    const [source] = yaml(external).resources;
    const given = resource(typeTokens.kubernetesDeployment, 'web', {
      metadata: { annotations: unknown },
      spec: {
        template: {
          spec: { containers: [{ name: 'app', envFrom: [{ secretRef: { name: 'db' } }] }] },
        },
      },
    });
    expect(source).toBeDefined();
    expect(says(requireSecretRefresh, { resources: [...(source ? [source] : []), given], notAnalysed: [] })).toEqual([
      'undecided: web: its annotations are not known before the deployment',
    ]);
  });

  describe('on ECS', () => {
    const secretUrn = urnOf(typeTokens.awsSecret, 'db');
    const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/db-AbCdEf';
    const rotated = [
      resource(typeTokens.awsSecret, 'db', { name: 'app/db' }),
      resource(typeTokens.awsSecretRotation, 'turn', {
        secretId: new Output(secretUrn),
        rotationRules: { automaticallyAfterDays: 30 },
      }),
    ];
    const task = (valueFrom: string) =>
      resource(typeTokens.awsEcsTaskDefinition, 'task', {
        family: 'web',
        containerDefinitions: JSON.stringify([{ name: 'app', secrets: [{ name: 'DB_PASSWORD', valueFrom }] }]),
      });
    const service = (more: object = {}) =>
      resource(typeTokens.awsEcsService, 'web', {
        taskDefinition: new Output(urnOf(typeTokens.awsEcsTaskDefinition, 'task')),
        ...more,
      });

    it('finds a service that starts no new tasks', () => {
      expect(says(requireSecretRefresh, modelOf(...rotated, task(arn), service()))).toEqual([
        'fail: task does not notice a rotation: db is rotated → ECS puts it into DB_PASSWORD of container app when a task starts → nothing starts new tasks.',
      ]);
    });

    it.each([
      { name: 'its service has triggers', model: [...rotated, task(arn), service({ triggers: { version: unknown } })] },
      { name: 'it names a version', model: [...rotated, task(`${arn}:password::0a1b`), service()] },
      { name: 'no service keeps it running', model: [...rotated, task(arn)] },
      { name: 'the secret is another one', model: [...rotated, task(arn.replace('app/db', 'app/api')), service()] },
    ])('says nothing when $name', ({ model }) => {
      expect(says(requireSecretRefresh, modelOf(...model))).toEqual([]);
    });
  });
});
