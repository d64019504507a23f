import { annotations as names, componentTypes } from '@keyturn/plan';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

import { makeChild, type Transform } from '../transform.js';
import { analysisSpec, type GreenCheck } from './blue-green/analysis.js';
import { BlueGreenError, canaryStrategy, routeSpec, type Traffic } from './blue-green/rollout.js';
import { VersionedSecret } from './versioned-secret.js';
import type { VersionedSource } from './versioned/pinned.js';
import { podParts, type RefreshablePod } from './workload/pod-template.js';

export interface BlueGreenRotationArgs extends Omit<RefreshablePod, 'credential'> {
  /** Required. A name of a namespace, and no output: Argo's plugin is told it as a text. */
  readonly namespace: string;
  /** Required. */
  readonly replicas: number;
  /** Required. Port of the first container, and of the Services. */
  readonly port: number;
  /**
   * Required. Who rotates. Secrets Manager's own four steps cannot pause between test and finish, so it is refused; keyturn's engine can (`mayPublish`), also
   * when it publishes to Secrets Manager.
   */
  readonly rotatedBy: 'keyturn' | 'aws-secrets-manager';
  /** Required. Where the versions are. */
  readonly source: VersionedSource;
  /** Required. Id of the version that is published: user A, blue. */
  readonly published: string;
  /** Optional. Id of the version that was tested and is not published yet: user B, green. Default: there is no rotation under way. */
  readonly pending?: string;
  /** Required. */
  readonly traffic: Traffic;
  /** Required. What is looked at after each step. */
  readonly check: GreenCheck;
  /** Optional. Folder of the credential's files. Default: `/run/secrets/database`. */
  readonly mountPath?: string;
  /** Optional. Changes a child before it is made. */
  readonly transform?: {
    readonly rollout?: Transform<kubernetes.apiextensions.CustomResourceArgs>;
    readonly analysis?: Transform<kubernetes.apiextensions.CustomResourceArgs>;
    readonly route?: Transform<kubernetes.apiextensions.CustomResourceArgs>;
    readonly services?: Transform<kubernetes.core.v1.ServiceArgs>;
  };
}

const nameLabel = 'app.kubernetes.io/name';

/**
 * A rotation that is tried with 10, 50 and 100 % of the traffic before it is published.
 *
 * Blue runs with the published version, green with the pending one, each pinned by its id. Argo Rollouts moves the traffic, looks at refused logins and the error
 * rate after each step, and gives blue everything back by itself when one is bad. The pending version is published only then.
 */
export class BlueGreenRotation extends pulumi.ComponentResource {
  static readonly type = componentTypes.kubernetesBlueGreenRotation;

  readonly rolloutName: pulumi.Output<string>;
  /** Label selector of blue's and green's pods. */
  readonly selector: pulumi.Output<string>;
  /** The version that pods get which start now. */
  readonly version: pulumi.Output<string>;
  readonly ready: pulumi.Output<string>;

  /**
   * @throws BlueGreenError with the Secrets Manager host, or with too few pods for a share of 10 %.
   * @throws GreenCheckError when a step is too short to see anything.
   * @throws WorkloadError when the hooks cannot be put into the pod.
   */
  constructor(name: string, args: BlueGreenRotationArgs, opts?: pulumi.ComponentResourceOptions) {
    checkRotation(args);
    const { traffic, transform = {}, published, pending, namespace, port } = args;
    const version = pending ?? published;
    const analysis = analysisSpec(args.check);
    const labels = { [nameLabel]: name };
    super(BlueGreenRotation.type, name, { published, pending, traffic: traffic.by }, opts);
    const options = { parent: this };

    const login = new VersionedSecret(
      `${name}-login`,
      { namespace, source: args.source, version, kept: pending === undefined ? [] : [published] },
      options,
    );
    const pod = podParts(
      {
        ...args,
        credential: {
          delivery: login.delivery,
          ...(args.mountPath === undefined ? {} : { mountPath: args.mountPath }),
        },
      },
      `${name}-hooks`,
      labels,
    );
    const called = { stable: `${name}-stable`, canary: `${name}-canary`, analysis: name, route: name, namespace };
    const metadata = { name, namespace, labels };
    const hooks = new kubernetes.core.v1.ConfigMap(
      `${name}-hooks`,
      { metadata: { ...metadata, name: `${name}-hooks` }, data: pod.scripts },
      options,
    );
    const services = [called.stable, called.canary].map((service) =>
      makeChild<kubernetes.core.v1.ServiceArgs, kubernetes.core.v1.Service>(kubernetes.core.v1.Service, {
        name: service,
        args: {
          metadata: { ...metadata, name: service },
          spec: { selector: labels, ports: [{ port, targetPort: port }] },
        },
        // Argo adds the hash of blue's or green's pods.
        options: { ...options, ignoreChanges: ['spec.selector'] },
        transform: transform.services,
      }),
    );
    const custom = (
      part: string,
      object: kubernetes.apiextensions.CustomResourceArgs,
      more: pulumi.CustomResourceOptions,
      change?: Transform<kubernetes.apiextensions.CustomResourceArgs>,
    ) =>
      makeChild<kubernetes.apiextensions.CustomResourceArgs, kubernetes.apiextensions.CustomResource>(
        kubernetes.apiextensions.CustomResource,
        { name: `${name}-${part}`, args: object, options: { ...options, ...more }, transform: change },
      );
    const route =
      traffic.by === 'gateway-api'
        ? [
            custom(
              'route',
              {
                apiVersion: 'gateway.networking.k8s.io/v1',
                kind: 'HTTPRoute',
                metadata,
                spec: routeSpec(traffic, called, port),
              },
              // Argo moves the weights; a later up must not turn them back.
              { ignoreChanges: ['spec.rules'] },
              transform.route,
            ),
          ]
        : [];
    const checked = custom(
      'check',
      { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisTemplate', metadata, spec: analysis },
      {},
      transform.analysis,
    );
    const rollout = custom(
      'rollout',
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Rollout',
        metadata: { ...metadata, annotations: { [names.version]: version } },
        spec: {
          replicas: args.replicas,
          selector: { matchLabels: labels },
          template: {
            ...pod.template,
            metadata: {
              labels,
              annotations: pulumi
                .output(pod.template.metadata)
                .apply((of) => ({ ...of?.annotations, [names.version]: version })),
            },
          },
          strategy: { canary: canaryStrategy(traffic, called, pod.terminationGracePeriodSeconds) },
        },
      },
      { dependsOn: [login, hooks, ...services, ...route, checked] },
      transform.rollout,
    );

    this.rolloutName = pulumi.output(name);
    this.selector = pulumi.output(`${nameLabel}=${name}`);
    this.version = pulumi.output(version);
    this.ready = rollout.id.apply(() => name);
    this.registerOutputs({
      rolloutName: this.rolloutName,
      selector: this.selector,
      version: this.version,
      ready: this.ready,
    });
  }
}

function checkRotation({ rotatedBy, traffic, replicas }: BlueGreenRotationArgs): void {
  if (rotatedBy === 'aws-secrets-manager') {
    throw new BlueGreenError(
      'Secrets Manager\'s four steps cannot pause between test and finish, so nothing could be tried with part of the traffic. Let keyturn rotate (`rotatedBy: "keyturn"`); it can publish to Secrets Manager.',
    );
  }
  if (traffic.by === 'replicas' && replicas < 10) {
    throw new BlueGreenError(
      `A share of 10 % by counting pods needs 10 of them, got ${replicas}. Use more replicas, or \`traffic: { by: "gateway-api", … }\`.`,
    );
  }
}
