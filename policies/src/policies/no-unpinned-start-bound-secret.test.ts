import { typeTokens } from '@keyturn/plan';
import { describe, expect, it } from 'vitest';
import { modelOf, Output, resource, says, unknown, urnOf, yaml } from '../testing.js';
import { noUnpinnedStartBoundSecret } from './no-unpinned-start-bound-secret.js';

const workload = (name = 'db', pods = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    metadata: { annotations: {${pods}} }
    spec:
      containers:
        - { name: app, env: [{ name: PASSWORD, valueFrom: { secretKeyRef: { name: ${name}, key: password } } }] }
`;
const program = (name: unknown, more: object = {}) =>
  resource(typeTokens.kubernetesDeployment, 'web', {
    spec: { template: { spec: { containers: [{ name: 'app', envFrom: [{ secretRef: { name } }] }] } }, ...more },
  });
const secretUrn = urnOf(typeTokens.kubernetesSecret, 'db');
const run = (version?: unknown) =>
  resource('gcp:cloudrunv2/service:Service', 'api', {
    template: { containers: [{ envs: [{ name: 'P', valueSource: { secretKeyRef: { secret: 'db', version } } }] }] },
  });

describe('no-unpinned-start-bound-secret', () => {
  it.each([
    {
      name: 'an environment variable from a Secret of a fixed name',
      model: yaml(workload()),
      message:
        'Container app of web reads Secret db from the environment, once, at start, and its pod template stays the same when the Secret changes.',
    },
    {
      name: 'a Secret whose name is to be filled in',
      model: yaml(workload("'<YOUR-SECRET>'")),
      message:
        'Container app of web reads the Secret of `spec.template.spec.containers[0].env[0]` from the environment, once, at start, and its pod template stays the same when the Secret changes.',
    },
    {
      name: 'the latest version on Cloud Run',
      model: modelOf(run('latest')),
      message:
        '`template.containers[0].envs[0]` of api is read when an instance starts, and names no version of its secret.',
    },
    {
      name: 'no version on Cloud Run',
      model: modelOf(run()),
      message:
        '`template.containers[0].envs[0]` of api is read when an instance starts, and names no version of its secret.',
    },
    {
      name: 'an ARN without a version',
      model: modelOf(
        resource(typeTokens.awsEcsTaskDefinition, 'task', {
          family: 'web',
          containerDefinitions: JSON.stringify([
            {
              name: 'app',
              secrets: [{ name: 'P', valueFrom: 'arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf:password::' }],
            },
          ]),
        }),
        resource(typeTokens.awsEcsService, 'web', { taskDefinition: 'web:3' }),
      ),
      message: 'P of container app of task is read when a task starts, and names no version of its secret.',
    },
  ])('finds $name', ({ model, message }) => {
    expect(says(noUnpinnedStartBoundSecret, model)).toEqual([`fail: ${message}`]);
  });

  it.each([
    { name: 'a checksum of the Secret', model: yaml(workload('db', 'checksum/db: abc')) },
    { name: 'a name that Kustomize made', model: yaml(workload('db-7f2k9mt6gh')) },
    { name: 'a version on Cloud Run', model: modelOf(run('3')) },
    {
      name: 'a name that the provider makes anew for new content',
      model: modelOf(resource(typeTokens.kubernetesSecret, 'db', { stringData: {} }), program(new Output(secretUrn))),
    },
    {
      name: 'a Secret that cannot change',
      model: modelOf(
        resource(typeTokens.kubernetesSecret, 'db', { immutable: true, metadata: { name: 'db-v1' } }),
        program('db-v1'),
      ),
    },
    {
      name: 'a Job, which starts anew every time',
      model: yaml(workload().replace('Deployment', 'Job').replace('apps/v1', 'batch/v1')),
    },
  ])('says nothing about $name', ({ model }) => {
    expect(says(noUnpinnedStartBoundSecret, model)).toEqual([]);
  });

  it.each([
    {
      name: 'an unknown name',
      model: modelOf(program(unknown)),
      because: 'web: the name of the Secret it reads is not known before the deployment',
    },
    {
      name: 'an unknown version',
      model: modelOf(run(unknown)),
      because: 'api: the version it reads is not known before the deployment',
    },
  ])('does not decide on $name', ({ model, because }) => {
    expect(says(noUnpinnedStartBoundSecret, model)).toEqual([`undecided: ${because}`]);
  });
});
