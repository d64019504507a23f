import { tags, typeTokens } from '@keyturn/plan';
import { describe, expect, it } from 'vitest';
import { check } from '../evaluate.js';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { modelOf, Output, resource, says, unknown, urnOf, yaml } from '../testing.js';
import { requireRotationOverlap } from './require-rotation-overlap.js';

const samples = samplesOf('require-rotation-overlap').filter(({ language }) => language === 'yaml');
const of = (wanted: string) => samples.filter(({ heading }) => heading === wanted).map(({ code }) => modelOfYaml(code));

interface Parts {
  readonly overlap?: string;
  readonly interval?: string;
  readonly kind?: string;
  readonly annotations?: string;
  readonly spec?: string;
  readonly pod?: string;
  readonly container?: string;
}

const manifests = (parts: Parts) =>
  yaml(`
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: login, annotations: { ${parts.overlap === undefined ? '' : `keyturn.dev/overlap: ${parts.overlap}`} } }
spec: { refreshInterval: ${parts.interval ?? '1h'} }
---
apiVersion: apps/v1
kind: ${parts.kind ?? 'Deployment'}
metadata: { name: web, annotations: { ${parts.annotations ?? 'reloader.stakater.com/auto: "true"'} } }
spec:
  ${parts.spec ?? 'replicas: 1'}
  template:
    spec:
      ${parts.pod ?? 'terminationGracePeriodSeconds: 0'}
      volumes: [{ name: login, secret: { secretName: login } }]
      containers: [${parts.container ?? '{ name: app, envFrom: [{ secretRef: { name: login } }] }'}]
`);
const answers = (parts: Parts) =>
  says(requireRotationOverlap, manifests(parts)).map((line) => line.slice(0, line.indexOf(':')));

const file = 'volumeMounts: [{ name: login, mountPath: /login }]';
const live = 'keyturn.dev/pool-lifetime: 10m';

describe('require-rotation-overlap', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(of('Incorrect').map((model) => says(requireRotationOverlap, model))).toEqual([
      [
        'fail: web can hold a superseded credential for 4h 15m 30s, and it works for 4h: ExternalSecret login says so in keyturn.dev/overlap; ' +
          'store → refresh of ExternalSecret login 3h → rollout of web 1h 15m → grace period 30s (4h 15m 30s in all).',
      ],
      [
        'fail: web can hold a superseded credential for 36m, and it works for 30m: ExternalSecret login says so in keyturn.dev/overlap; ' +
          'store → refresh of ExternalSecret login 5m → kubelet sync 1m → pool (SPRING_DATASOURCE_HIKARI_MAX_LIFETIME) 30m (36m in all).',
      ],
      [
        'fail: web can hold a superseded credential for 2m, and it works for 1m: VaultDynamicSecret login takes the next lease after 90% of 10m; ' +
          'store → refresh of VaultDynamicSecret login 0ms → rollout of web 0ms → grace period 2m (2m in all).',
      ],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(of('Correct').map((model) => says(requireRotationOverlap, model))).toEqual([[], []]);
  });

  it('takes the lifetimes of a plan of keyturn in an annotation', () => {
    const plan = {
      strategy: 'dual-user',
      every: '30d',
      consumers: [{ name: 'web', chain: [{ kind: 'sync', longest: '15m' }] }],
    };
    const planned = (interval: string) =>
      yaml(`
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: login, annotations: { keyturn.dev/plan: '${JSON.stringify(plan)}' } }
spec: { refreshInterval: ${interval} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, annotations: { reloader.stakater.com/auto: "true" } }
spec:
  template:
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{ name: app, envFrom: [{ secretRef: { name: login } }] }]
`);
    expect(says(requireRotationOverlap, planned('15m'))).toEqual([]);
    expect(says(requireRotationOverlap, planned('901s'))).toEqual([
      expect.stringContaining('the plan of ExternalSecret login gives its consumers 15m'),
    ]);
  });

  it.each([
    { name: 'refresh', overlap: '1h', fits: { interval: '60m' }, tooLong: { interval: '3601s' } },
    {
      name: 'grace',
      overlap: '3640s',
      fits: { pod: 'terminationGracePeriodSeconds: 40' },
      tooLong: { pod: 'terminationGracePeriodSeconds: 41' },
    },
    {
      name: 'grace by default',
      overlap: '3630s',
      fits: { pod: 'hostNetwork: false' },
      tooLong: { pod: 'hostNetwork: false', interval: '3601s' },
    },
    {
      name: 'rollout of a Deployment, a quarter more and a quarter fewer at a time',
      overlap: '3720s',
      fits: { spec: 'replicas: 14\n  minReadySeconds: 60' },
      tooLong: { spec: 'replicas: 15\n  minReadySeconds: 60' },
    },
    {
      name: 'rollout with a strategy of its own',
      overlap: '3720s',
      fits: {
        spec: 'replicas: 2\n  minReadySeconds: 60\n  strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }',
      },
      tooLong: {
        spec: 'replicas: 3\n  minReadySeconds: 60\n  strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }',
      },
    },
    {
      name: 'rollout of a StatefulSet',
      overlap: '3720s',
      fits: { kind: 'StatefulSet', spec: 'replicas: 2\n  minReadySeconds: 60' },
      tooLong: { kind: 'StatefulSet', spec: 'replicas: 3\n  minReadySeconds: 60' },
    },
    {
      name: 'rollout of a DaemonSet, of which one wave is certain',
      overlap: '3660s',
      fits: { kind: 'DaemonSet', spec: 'minReadySeconds: 60' },
      tooLong: { kind: 'DaemonSet', spec: 'minReadySeconds: 61' },
    },
    {
      name: 'readiness',
      overlap: '3620s',
      fits: {
        container:
          '{ name: app, envFrom: [{ secretRef: { name: login } }], readinessProbe: { initialDelaySeconds: 20 } }',
      },
      tooLong: {
        container:
          '{ name: app, envFrom: [{ secretRef: { name: login } }], readinessProbe: { initialDelaySeconds: 21 } }',
      },
    },
    {
      name: 'pool, after the refresh and a minute for the kubelet',
      overlap: '71m',
      fits: { annotations: live, container: `{ name: app, ${file} }` },
      tooLong: { annotations: 'keyturn.dev/pool-lifetime: 601s', container: `{ name: app, ${file} }` },
    },
    {
      name: 'pool by a variable in seconds',
      overlap: '71m',
      fits: { annotations: '', container: `{ name: app, env: [{ name: CONN_MAX_AGE, value: "600" }], ${file} }` },
      tooLong: { annotations: '', container: `{ name: app, env: [{ name: CONN_MAX_AGE, value: "601" }], ${file} }` },
    },
    {
      name: 'pool by a variable with a unit',
      overlap: '71m',
      fits: { annotations: '', container: `{ name: app, env: [{ name: DB_CONN_MAX_LIFETIME, value: 10m }], ${file} }` },
      tooLong: {
        annotations: '',
        container: `{ name: app, env: [{ name: DB_CONN_MAX_LIFETIME, value: 11m }], ${file} }`,
      },
    },
  ])('knows both sides of the boundary: $name', ({ overlap, fits, tooLong }) => {
    expect(answers({ overlap, ...fits })).toEqual([]);
    expect(answers({ overlap, ...tooLong })).toEqual(['fail']);
  });

  it('counts waves up', () => {
    const spec = (pods: number) =>
      `replicas: ${pods}\n  minReadySeconds: 60\n  strategy: { rollingUpdate: { maxSurge: 2, maxUnavailable: 2 } }`;
    expect(answers({ overlap: '3720s', spec: spec(8) })).toEqual([]);
    expect(answers({ overlap: '3720s', spec: spec(9) })).toEqual(['fail']);
  });

  it('names every link with its number, and the ones that are missing', () => {
    const model = manifests({ overlap: '1h', annotations: '', container: `{ name: app, ${file} }` });
    const [only] = [...check(requireRotationOverlap, model)];
    expect(only?.result).toMatchObject({
      is: 'fail',
      message: expect.stringContaining(
        '; not counted: pool lifetime: not declared; keyturn.dev/pool-lifetime can say it.',
      ) as string,
      related: [
        { part: 'overlap', ms: 3_600_000, place: { file: 'app.yaml', line: 4 } },
        { part: 'refresh', ms: 3_600_000, message: 'refresh of ExternalSecret login: 1h', place: { line: 2 } },
        { part: 'refresh', ms: 60_000, message: 'kubelet sync: 1m' },
        {
          part: 'pool',
          missing: true,
          message: 'pool lifetime: not declared; keyturn.dev/pool-lifetime can say it',
          place: { line: 7 },
        },
      ],
    });
  });

  it.each([
    {
      name: 'the overlap',
      parts: {},
      says: 'undecided: web: how long its superseded credential works is not known of ExternalSecret login; keyturn.dev/overlap can say it',
    },
    {
      name: 'the pool',
      parts: { overlap: '4h', annotations: '', container: `{ name: app, ${file} }` },
      says: 'undecided: web: pool lifetime: not declared; keyturn.dev/pool-lifetime can say it',
    },
    {
      name: 'the unit of the pool',
      parts: {
        overlap: '4h',
        annotations: '',
        container: `{ name: app, env: [{ name: DB_MAX_LIFETIME, value: "600" }], ${file} }`,
      },
      says: 'undecided: web: pool (DB_MAX_LIFETIME): not readable as a length of time',
    },
  ])('does not decide without $name', ({ parts, says: line }) => {
    expect(says(requireRotationOverlap, manifests(parts))).toEqual([line]);
  });

  it.each([
    { name: 'nothing restarts the workload, which another rule says', parts: { overlap: '1m', annotations: '' } },
    {
      name: 'the workload is the database itself',
      parts: { overlap: '1m', container: '{ name: db, image: postgres, envFrom: [{ secretRef: { name: login } }] }' },
    },
    {
      name: 'it reads another Secret',
      parts: { overlap: '1m', container: '{ name: app, envFrom: [{ secretRef: { name: other } }] }' },
    },
  ])('says nothing when $name', ({ parts }) => {
    expect(answers(parts)).toEqual([]);
  });

  describe('with files that are filled without a Secret', () => {
    const mounted = (overlap: string, pool: string) =>
      yaml(`
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: { name: login, annotations: { keyturn.dev/overlap: ${overlap} } }
spec: { provider: aws }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, annotations: { keyturn.dev/pool-lifetime: ${pool} } }
spec:
  template:
    spec:
      volumes: [{ name: v, csi: { driver: secrets-store.csi.k8s.io, volumeAttributes: { secretProviderClass: login } } }]
      containers: [{ name: app, volumeMounts: [{ name: v, mountPath: /v }] }]
`);
    const agent = (overlap: string, more = '') =>
      yaml(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, annotations: { keyturn.dev/overlap: ${overlap}, keyturn.dev/pool-lifetime: 10m } }
spec:
  template:
    metadata:
      annotations:
        vault.hashicorp.com/agent-inject: "true"
        vault.hashicorp.com/agent-inject-secret-login: database/creds/app
        ${more}
    spec: { containers: [{ name: app }] }
`);
    const kinds = (model: ReturnType<typeof yaml>) =>
      says(requireRotationOverlap, model).map((line) => line.slice(0, line.indexOf(':')));

    it('counts the poll of the CSI driver and the pool', () => {
      expect(kinds(mounted('12m', '10m'))).toEqual([]);
      expect(kinds(mounted('12m', '601s'))).toEqual(['fail']);
    });

    it('counts the interval of the agent of Vault and the pool', () => {
      expect(kinds(agent('15m'))).toEqual([]);
      expect(kinds(agent('14m'))).toEqual(['fail']);
      const interval = 'vault.hashicorp.com/template-static-secret-render-interval';
      expect(kinds(agent('11m', `${interval}: 1m`))).toEqual([]);
      expect(kinds(agent('11m', `${interval}: 61s`))).toEqual(['fail']);
    });

    it('leaves to another rule what the agent renders once', () => {
      expect(kinds(agent('1m', 'vault.hashicorp.com/agent-pre-populate-only: "true"'))).toEqual([]);
    });
  });

  describe('with Secrets Manager', () => {
    const secretUrn = urnOf(typeTokens.awsSecret, 'db');
    const rotation = (rules: object, more: object = {}) =>
      resource(typeTokens.awsSecretRotation, 'turn', {
        secretId: new Output(secretUrn),
        rotationRules: rules,
        ...more,
      });
    const secret = (more: object = {}) => resource(typeTokens.awsSecret, 'db', { name: 'app/db', ...more });
    const version = resource(typeTokens.awsSecretVersion, 'version', {
      secretId: new Output(secretUrn),
      secretString: JSON.stringify({ engine: 'postgres', masterarn: 'arn' }),
    });
    const external = (refreshInterval: string) =>
      resource('kubernetes:external-secrets.io/v1:ExternalSecret', 'login', {
        metadata: { name: 'login' },
        spec: { refreshInterval, dataFrom: [{ extract: { key: 'app/db' } }] },
      });
    const web = resource(typeTokens.kubernetesDeployment, 'web', {
      metadata: { name: 'web', annotations: { 'reloader.stakater.com/auto': 'true' } },
      spec: {
        template: {
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [{ name: 'app', envFrom: [{ secretRef: { name: 'login' } }] }],
          },
        },
      },
    });

    it.each([
      { name: 'a rate', rules: { scheduleExpression: 'rate(4 hours)' }, fits: '4h', tooLong: '14401s' },
      { name: 'days', rules: { automaticallyAfterDays: 1 }, fits: '24h', tooLong: '86401s' },
      {
        name: 'a window, in which it may be late and then early',
        rules: { scheduleExpression: 'rate(4 hours)', duration: '3h' },
        fits: '1h',
        tooLong: '3601s',
      },
      { name: 'hours of a cron', rules: { scheduleExpression: 'cron(0 2,6 * * ? *)' }, fits: '4h', tooLong: '14401s' },
      {
        name: 'a cron across midnight',
        rules: { scheduleExpression: 'cron(0 1,22 * * ? *)' },
        fits: '3h',
        tooLong: '10801s',
      },
    ])('takes the shortest time between two rotations: $name', ({ rules, fits, tooLong }) => {
      const model = (refresh: string) => modelOf(secret(), rotation(rules), version, external(refresh), web);
      expect(says(requireRotationOverlap, model(fits))).toEqual([]);
      expect(says(requireRotationOverlap, model(tooLong))).toEqual([
        expect.stringMatching(/^fail: .*db is rotated between two users every /),
      ]);
    });

    it('takes the lifetimes of a plan of keyturn in a tag', () => {
      const model = (refresh: string) =>
        modelOf(
          secret({ tags: { [tags.plan]: 'dual-user every 30d longest 15m' } }),
          rotation({ automaticallyAfterDays: 30 }),
          external(refresh),
          web,
        );
      expect(says(requireRotationOverlap, model('15m'))).toEqual([]);
      expect(says(requireRotationOverlap, model('901s'))).toEqual([
        expect.stringContaining('the plan of db gives its consumers 15m'),
      ]);
    });

    it.each([
      {
        name: 'the users are not known',
        model: modelOf(secret(), rotation({ automaticallyAfterDays: 30 }), external('1h'), web),
        says: 'undecided: web: db is rotated every 30d, and whether between two users is not known',
      },
      {
        name: 'there is one user, which another rule says',
        model: modelOf(
          secret(),
          rotation({ automaticallyAfterDays: 30 }, { hostedRotationLambda: { rotationType: 'PostgreSQLSingleUser' } }),
          external('1h'),
          web,
        ),
        says: 'undecided: web: db has one user, whose password is changed while it is in use',
      },
      {
        name: 'the schedule is not known',
        model: modelOf(secret(), rotation({ automaticallyAfterDays: unknown }), version, external('1h'), web),
        says: 'undecided: web: how often db is rotated is not known',
      },
    ])('does not decide when $name', ({ model, says: line }) => {
      expect(says(requireRotationOverlap, model)).toEqual([line]);
    });

    it('is certain that too long is too long, whoever the users are', () => {
      const model = modelOf(secret(), rotation({ scheduleExpression: 'rate(4 hours)' }), external('5h'), web);
      expect(says(requireRotationOverlap, model)).toEqual([
        expect.stringMatching(/^fail: web can hold .* 5h, and it works for 4h/),
      ]);
    });

    it.each([
      { name: 'fits', pool: '14097', says: [] },
      {
        name: 'is a second too long',
        pool: '14098',
        says: [expect.stringMatching(/^fail: handler .*cache of the extension 5m/)],
      },
    ])('knows the cache, the pool and the timeout of a function, when the pool $name', ({ pool, says: lines }) => {
      const handler = resource('aws:lambda/function:Function', 'handler', {
        environment: { variables: { SECRET: new Output(secretUrn), POOL_MAX_LIFETIME_SECONDS: pool } },
      });
      const rules = { scheduleExpression: 'rate(4 hours)' };
      expect(says(requireRotationOverlap, modelOf(secret(), rotation(rules), version, handler))).toEqual(lines);
    });

    it('says that nothing follows a rotation where tasks of ECS start at a deployment', () => {
      const task = (stopTimeout: number) =>
        resource(typeTokens.awsEcsTaskDefinition, 'task', {
          containerDefinitions: JSON.stringify([
            {
              name: 'app',
              stopTimeout,
              secrets: [
                { name: 'LOGIN', valueFrom: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/db-AbCdEf' },
              ],
            },
          ]),
        });
      const service = resource(typeTokens.awsEcsService, 'web', {
        taskDefinition: new Output(urnOf(typeTokens.awsEcsTaskDefinition, 'task')),
        triggers: { version: unknown },
      });
      const model = (stopTimeout: number) =>
        modelOf(secret(), rotation({ scheduleExpression: 'rate(1 minute)' }), version, task(stopTimeout), service);
      expect(says(requireRotationOverlap, model(60))).toEqual([
        'undecided: task: rollout of the service: its triggers start new tasks at the next deployment, and none follows a rotation by itself',
      ]);
      expect(says(requireRotationOverlap, model(61))).toEqual([
        expect.stringMatching(/^fail: task .* 1m 1s, and it works for 1m: /),
      ]);
    });
  });
});
