import { annotations as names, componentTypes, type Duration, milliseconds } from '@keyturn/plan';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

import { makeChild, type Transform } from '../transform.js';
import type { RestartTarget } from './synced/vault-secrets-operator.js';
import { podParts, probePeriodSeconds, type RefreshablePod, WorkloadError } from './workload/pod-template.js';

export { WorkloadError } from './workload/pod-template.js';

export interface RefreshableWorkloadArgs extends RefreshablePod {
  /** Required. */
  readonly namespace: pulumi.Input<string>;
  /** Required. */
  readonly replicas: number;
  /**
   * Required for the environment. Who replaces the pods after a rotation: Reloader, by an annotation; or the Vault Secrets Operator, with
   * `restartTarget` among its `restarts`. Default for files: nobody, the application follows them.
   */
  readonly restart?: 'reloader' | 'vault-secrets-operator';
  /** Optional. The longest time that the application's pool keeps a connection: policies count with it. Default: they say that it is not known. */
  readonly poolLifetime?: Duration;
  /** Optional. Labels of the pods beside `app.kubernetes.io/name`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Optional. Changes a child before it is made. */
  readonly transform?: {
    readonly scripts?: Transform<kubernetes.core.v1.ConfigMapArgs>;
    readonly deployment?: Transform<kubernetes.apps.v1.DeploymentArgs>;
    readonly disruptionBudget?: Transform<kubernetes.policy.v1.PodDisruptionBudgetArgs>;
  };
}

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
    const labels = { ...args.labels, [nameLabel]: name };
    const pod = podParts(args, `${name}-hooks`, labels);
    super(RefreshableWorkload.type, name, { replicas: args.replicas, credential: use }, opts);
    const { transform = {} } = args;
    const metadata = { name, namespace: args.namespace, labels };

    const configMap = makeChild<kubernetes.core.v1.ConfigMapArgs, kubernetes.core.v1.ConfigMap>(
      kubernetes.core.v1.ConfigMap,
      {
        name: `${name}-hooks`,
        args: { metadata: { ...metadata, name: `${name}-hooks` }, data: pod.scripts },
        options: { parent: this },
        transform: transform.scripts,
      },
    );
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
            template: pod.template,
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

function checkWorkload({ credential, restart, replicas }: RefreshableWorkloadArgs): void {
  if (credential.as === 'environment' && restart === undefined) {
    throw new WorkloadError(
      'The environment is read once, at start, and nobody would replace the pods after a rotation. Write `restart`, or read the credential as files.',
    );
  }
  if (!Number.isInteger(replicas) || replicas < 1) {
    throw new WorkloadError(`\`replicas\` has to be a whole number of at least 1, got ${String(replicas)}.`);
  }
}
