import { createHash } from 'node:crypto';

import { annotations as names, componentTypes, type Duration, milliseconds } from '@keyturn/plan';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

import { makeChild, type Transform } from '../transform.js';
import type { RestartTarget } from './synced/vault-secrets-operator.js';
import { credentialParts, type CredentialUse } from './workload/credential.js';
import { type Drain, drainParts } from './workload/drain.js';
import { latchFolder, type LoginProbe, probeScripts, scriptsFolder } from './workload/probe-script.js';

type PodSpec = kubernetes.types.input.core.v1.PodSpec;
type Container = kubernetes.types.input.core.v1.Container;

export interface RefreshableWorkloadArgs {
  /** Required. */
  readonly namespace: pulumi.Input<string>;
  /** Required. The pod. The first container is the one that logs in to the database. */
  readonly podSpec: Omit<PodSpec, 'containers'> & { readonly containers: readonly [Container, ...Container[]] };
  /** Required. */
  readonly replicas: number;
  /** Required. How the container gets the credential. */
  readonly credential: CredentialUse;
  /** Required. How the container tries it. The database is asked once per pod and generation. */
  readonly login: LoginProbe;
  /** Required. How long requests take; preStop and grace period come from it. */
  readonly drain: Drain;
  /**
   * Optional. `startup`: before the pod serves, and never again. `readiness`: also once for each generation that arrives later; only a refused
   * login takes a running pod out. Default: `readiness` for files, `startup` for the environment.
   */
  readonly probe?: 'startup' | 'readiness';
  /**
   * Required for the environment. Who replaces the pods after a rotation: Reloader, by an annotation; or the Vault Secrets Operator, with
   * `restartTarget` among its `restarts`. Default for files: nobody, the application follows them.
   */
  readonly restart?: 'reloader' | 'vault-secrets-operator';
  /** Optional. The oldest generation that a pod may serve with, once one is known to be compromised. Default: any. */
  readonly atLeastGeneration?: number;
  /** Optional. The longest time that the application's pool keeps a connection: policies count with it. Default: they say that it is not known. */
  readonly poolLifetime?: Duration;
  /** Optional. How long the first login may take, in seconds. Default: 300. */
  readonly startSeconds?: number;
  /** Optional. Labels of the pods beside `app.kubernetes.io/name`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Optional. Changes a child before it is made. */
  readonly transform?: {
    readonly scripts?: Transform<kubernetes.core.v1.ConfigMapArgs>;
    readonly deployment?: Transform<kubernetes.apps.v1.DeploymentArgs>;
    readonly disruptionBudget?: Transform<kubernetes.policy.v1.PodDisruptionBudgetArgs>;
  };
}

/** The hooks cannot be put into this pod; the message says what is in the way. */
export class WorkloadError extends Error {
  override readonly name = 'WorkloadError';
}

const probePeriodSeconds = 5;
const nameLabel = 'app.kubernetes.io/name';

/**
 * A Deployment that survives rotations: a pod serves once the credential has logged in, a database that does not answer later takes no pod out,
 * pods are replaced one by one without dropping below capacity, and each has the time that its last request needs.
 */
export class RefreshableWorkload extends pulumi.ComponentResource {
  static readonly type = componentTypes.kubernetesRefreshableWorkload;

  readonly deploymentName: pulumi.Output<string>;
  /** Label selector of its pods, for the gate of whatever rotates. */
  readonly selector: pulumi.Output<string>;
  /** For `restarts` of the Vault Secrets Operator. */
  readonly restartTarget: RestartTarget;
  readonly ready: pulumi.Output<string>;

  /**
   * @throws CredentialUseError when the credential cannot be had in this way.
   * @throws DrainError when a pod would need more than an hour to go.
   * @throws WorkloadError when the container has a probe or a preStop hook of its own, or nobody would replace the pods.
   */
  constructor(name: string, args: RefreshableWorkloadArgs, opts?: pulumi.ComponentResourceOptions) {
    checkWorkload(args);
    const use = args.credential.as ?? 'files';
    const credential = credentialParts(args.credential);
    const drain = drainParts(args.drain);
    const scripts = probeScripts({
      login: args.login,
      credential: credential.shell,
      atLeast: args.atLeastGeneration,
    });
    super(RefreshableWorkload.type, name, { replicas: args.replicas, credential: use }, opts);
    const { transform = {}, podSpec } = args;
    const labels = { ...args.labels, [nameLabel]: name };
    const metadata = { name, namespace: args.namespace, labels };

    const configMap = makeChild<kubernetes.core.v1.ConfigMapArgs, kubernetes.core.v1.ConfigMap>(
      kubernetes.core.v1.ConfigMap,
      {
        name: `${name}-hooks`,
        args: { metadata: { ...metadata, name: `${name}-hooks` }, data: scripts },
        options: { parent: this },
        transform: transform.scripts,
      },
    );
    const [first, ...others] = podSpec.containers;
    const container = {
      ...first,
      ...probeOf(args),
      lifecycle: pulumi.output(first.lifecycle).apply((lifecycle) => ({ ...lifecycle, preStop: drain.preStop })),
      env: joined(first.env, credential.env),
      volumeMounts: joined(first.volumeMounts, [
        ...credential.volumeMounts,
        { name: 'keyturn-hooks', mountPath: scriptsFolder, readOnly: true },
        { name: 'keyturn-latch', mountPath: latchFolder },
      ]),
    };
    const volumes = [
      ...credential.volumes,
      { name: 'keyturn-hooks', configMap: { name: `${name}-hooks`, defaultMode: 0o555 } },
      { name: 'keyturn-latch', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ];
    const deployment = makeChild<kubernetes.apps.v1.DeploymentArgs, kubernetes.apps.v1.Deployment>(
      kubernetes.apps.v1.Deployment,
      {
        name: `${name}-deployment`,
        args: {
          metadata: { ...metadata, annotations: annotationsOf(args) },
          spec: {
            replicas: args.replicas,
            selector: { matchLabels: { [nameLabel]: name } },
            strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
            minReadySeconds: probePeriodSeconds,
            template: {
              metadata: {
                labels,
                annotations: { ...credential.podAnnotations, [names.hooks]: digestOf(scripts) },
              },
              spec: {
                ...podSpec,
                containers: [container, ...others],
                terminationGracePeriodSeconds: drain.terminationGracePeriodSeconds,
                volumes: joined(podSpec.volumes, volumes),
              },
            },
          },
        },
        options: { parent: this, dependsOn: configMap },
        transform: transform.deployment,
        fixedPaths: {
          'spec.strategy.type': 'a rotation replaces the pods one by one.',
          'spec.strategy.rollingUpdate.maxUnavailable': 'a rotation must not drop below capacity.',
          'spec.template.spec.terminationGracePeriodSeconds': 'it fits the drain. Use `drain`.',
        },
      },
    );
    makeChild<kubernetes.policy.v1.PodDisruptionBudgetArgs, kubernetes.policy.v1.PodDisruptionBudget>(
      kubernetes.policy.v1.PodDisruptionBudget,
      {
        name: `${name}-budget`,
        args: { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: { [nameLabel]: name } } } },
        options: { parent: this },
        transform: transform.disruptionBudget,
      },
    );

    this.deploymentName = pulumi.output(name);
    this.selector = pulumi.output(`${nameLabel}=${name}`);
    this.restartTarget = { kind: 'Deployment', name };
    this.ready = deployment.id.apply(() => name);
    this.registerOutputs({ deploymentName: this.deploymentName, selector: this.selector, ready: this.ready });
  }
}

function checkWorkload(args: RefreshableWorkloadArgs): void {
  const { podSpec, credential, restart, replicas } = args;
  const [first] = podSpec.containers;
  const key = probeKey(args);
  if (first[key] !== undefined) {
    const other = key === 'startupProbe' ? 'readiness' : 'startup';
    throw new WorkloadError(
      `The first container has a ${key} of its own, and a container has one. Leave it out, or write \`probe: "${other}"\`.`,
    );
  }
  if (typeof first.lifecycle === 'object' && 'preStop' in first.lifecycle) {
    throw new WorkloadError(
      'The first container has a preStop hook of its own. Leave it out: `drain` makes one that fits the grace period.',
    );
  }
  if (credential.as === 'environment' && restart === undefined) {
    throw new WorkloadError(
      'The environment is read once, at start, and nobody would replace the pods after a rotation. Write `restart`, or read the credential as files.',
    );
  }
  if (!Number.isInteger(replicas) || replicas < 1) {
    throw new WorkloadError(`\`replicas\` has to be a whole number of at least 1, got ${String(replicas)}.`);
  }
}

function probeKey({ probe, credential }: RefreshableWorkloadArgs): 'startupProbe' | 'readinessProbe' {
  return `${probe ?? (credential.as === 'environment' ? 'startup' : 'readiness')}Probe`;
}

function probeOf(args: RefreshableWorkloadArgs): Pick<Container, 'startupProbe' | 'readinessProbe'> {
  const { startSeconds = 300 } = args;
  const key = probeKey(args);
  return {
    [key]: {
      exec: { command: ['/bin/sh', `${scriptsFolder}/probe.sh`] },
      periodSeconds: probePeriodSeconds,
      timeoutSeconds: probePeriodSeconds,
      failureThreshold: key === 'startupProbe' ? Math.ceil(startSeconds / probePeriodSeconds) : 2,
    },
  };
}

function annotationsOf(args: RefreshableWorkloadArgs): Readonly<Record<string, string>> {
  const { restart, credential, poolLifetime } = args;
  const { delivery } = credential;
  return {
    ...(poolLifetime === undefined
      ? {}
      : { [names.poolLifetime]: `${Math.ceil(milliseconds(poolLifetime) / 1_000)}s` }),
    ...(restart === 'reloader' && delivery.kind === 'secret'
      ? { 'secret.reloader.stakater.com/reload': delivery.secretName }
      : {}),
  };
}

function joined<T>(
  given: pulumi.Input<pulumi.Input<T>[] | undefined> | undefined,
  added: readonly T[],
): pulumi.Output<T[]> {
  return (pulumi.output(given) as pulumi.Output<T[] | undefined>).apply((list = []) => [...list, ...added]);
}

function digestOf(scripts: Readonly<Record<string, string>>): string {
  return createHash('sha256').update(JSON.stringify(scripts)).digest('hex').slice(0, 16);
}
