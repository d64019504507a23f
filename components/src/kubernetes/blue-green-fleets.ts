import { componentTypes } from '@keyturn/plan';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

import type { BalancedTraffic } from '../balanced-traffic.js';
import { type NamedPair, type PairInput, pairOf } from '../pair.js';
import { makeChild, type Transform } from '../transform.js';
import { checkGreen, type GreenCheck } from './blue-green/analysis.js';
import { type Fleet, fleetDeployment, labelsOf, nameLabel } from './blue-green/fleet.js';
import { BlueGreenError } from './blue-green/rollout.js';
import { bindingsTo, type Gateway, routeTo } from './blue-green/route.js';
import type { JobGradually } from './job/gradually.js';
import type { RefreshablePod } from './workload/pod-template.js';

export interface BlueGreenFleetsArgs extends Omit<RefreshablePod, 'credential'> {
  /** Required. That of the `RotationJob` as well. */
  readonly namespace: pulumi.Input<string>;
  /** Required. Pods of each fleet. */
  readonly replicas: number;
  /** Required. Port of the first container, and of the Services. */
  readonly port: number;
  /** Required. The pair that the `RotationJob` rotates. */
  readonly pair: PairInput;
  /** Required. `secretName` of the `RotationJob`. The fleets mount versions from the Secret `<secretName>-keyturn` beside it. */
  readonly secretName: string;
  /**
   * Required. User to the id of the version that its fleet logs in with. A user without one has no fleet: nobody at first; one between rotations; both while a
   * candidate is tried. The job's log says which version wants to be deployed.
   */
  readonly versions: Readonly<Record<string, string>>;
  /** This or `targetGroups`. The Gateway that an HTTPRoute to the fleets hangs on. */
  readonly gateway?: Gateway;
  /** This or `gateway`. Target groups of a load balancer of AWS: `traffic` of a `BlueGreenTargetGroups`. The AWS Load Balancer Controller registers the pods in them. */
  readonly targetGroups?: BalancedTraffic;
  /** Optional, with `gateway`. Default: every host of the gateway. */
  readonly hostnames?: readonly string[];
  /** Required. What is looked at while a fleet gets more of the traffic. The queries may hold `${user}`, `${version}` and `${fleet}`, the name of the Deployment. */
  readonly check: GreenCheck;
  /** Optional. Folder of the credential's files. Default: `/run/secrets/database`. */
  readonly mountPath?: string;
  /** Optional. Changes a child before it is made. */
  readonly transform?: {
    readonly deployments?: Transform<kubernetes.apps.v1.DeploymentArgs>;
    readonly services?: Transform<kubernetes.core.v1.ServiceArgs>;
    readonly route?: Transform<kubernetes.apiextensions.CustomResourceArgs>;
    /** Applied to both bindings of target groups. */
    readonly bindings?: Transform<kubernetes.apiextensions.CustomResourceArgs>;
  };
}

/**
 * Two fleets behind one HTTPRoute of the Gateway API, or behind target groups of AWS, each of which logs in as one user of a pair with the version that is pinned by its
 * id. A `RotationJob` moves the traffic by the weights: 10, 50 and 100 %, with a look at refused logins and the error rate, and everything back when a look is bad. No
 * controller beside the gateway, or that of the load balancer, is needed.
 */
export class BlueGreenFleets extends pulumi.ComponentResource {
  static readonly type = componentTypes.kubernetesBlueGreenFleets;

  /** For `gradually` of RotationJob. */
  readonly gradually: JobGradually;
  /** Of the HTTPRoute, where there is a `gateway`. */
  readonly routeName: pulumi.Output<string | undefined>;
  /** User to the label selector of its fleet's pods. */
  readonly selectors: pulumi.Output<Readonly<Record<string, string>>>;
  readonly ready: pulumi.Output<string>;

  /**
   * @throws BlueGreenError when a version is pinned for somebody who is no user of the pair, or twice; or the traffic goes through nothing, or through two things.
   * @throws GreenCheckError when a step is too short to see anything.
   * @throws WorkloadError when the hooks cannot be put into the pod.
   */
  constructor(name: string, args: BlueGreenFleetsArgs, opts?: pulumi.ComponentResourceOptions) {
    const pair = pairOf(args.pair);
    const fleets = fleetsOf(name, pair, args);
    const behind = behindOf(pair, args);
    checkGreen(args.check);
    const deployed = fleets.flatMap((fleet) =>
      fleet.version === undefined
        ? []
        : [{ fleet, ...fleetDeployment(name, { ...fleet, version: fleet.version }, args) }],
    );
    super(BlueGreenFleets.type, name, { pair, versions: args.versions }, opts);
    const { transform = {}, namespace, port } = args;
    const options = { parent: this };

    const services = fleets.map((fleet) =>
      makeChild<kubernetes.core.v1.ServiceArgs, kubernetes.core.v1.Service>(kubernetes.core.v1.Service, {
        name: `${fleet.name}-service`,
        args: {
          metadata: { name: fleet.name, namespace, labels: labelsOf(name, fleet) },
          spec: { selector: { [nameLabel]: fleet.name }, ports: [{ port, targetPort: port }] },
        },
        options,
        transform: transform.services,
      }),
    );
    const [first] = deployed;
    const hooks =
      first === undefined
        ? []
        : [
            new kubernetes.core.v1.ConfigMap(
              `${name}-hooks`,
              { metadata: { name: `${name}-hooks`, namespace, labels: { [nameLabel]: name } }, data: first.scripts },
              options,
            ),
          ];
    const deployments = deployed.map(({ fleet, deployment }) =>
      makeChild<kubernetes.apps.v1.DeploymentArgs, kubernetes.apps.v1.Deployment>(kubernetes.apps.v1.Deployment, {
        name: `${fleet.name}-deployment`,
        args: deployment,
        options: { ...options, dependsOn: hooks },
        transform: transform.deployments,
        fixedPaths: {
          'spec.template.spec.terminationGracePeriodSeconds': 'it fits the drain. Use `drain`.',
          'spec.template.metadata.annotations': 'the job reads the version there.',
        },
      }),
    );
    const about = { name, namespace, port, options: { ...options, dependsOn: services } };
    const traffic =
      'gateway' in behind
        ? [routeTo(fleets, behind.gateway, args.hostnames, { ...about, transform: transform.route })]
        : bindingsTo(fleets, behind.targetGroups, { ...about, transform: transform.bindings });

    const named = Object.fromEntries(fleets.map((fleet) => [fleet.user, fleet.name]));
    const trial = { deployments: named, check: args.check };
    this.gradually =
      'gateway' in behind
        ? { route: name, services: named, ...trial }
        : { targetGroups: behind.targetGroups, ...trial };
    this.routeName = pulumi.output('gateway' in behind ? name : undefined);
    this.selectors = pulumi.output(
      Object.fromEntries(fleets.map((fleet) => [fleet.user, `${nameLabel}=${fleet.name}`])),
    );
    this.ready = pulumi.all([...traffic, ...deployments].map(({ id }) => id)).apply(() => name);
    this.registerOutputs({ routeName: this.routeName, selectors: this.selectors, ready: this.ready });
  }
}

function fleetsOf(name: string, pair: NamedPair, { versions }: BlueGreenFleetsArgs): readonly [Fleet, Fleet] {
  const stranger = Object.keys(versions).find((user) => !pair.users.includes(user));
  if (stranger !== undefined)
    throw new BlueGreenError(
      `\`versions\` names ${stranger}, and the users of the pair are ${pair.users.join(' and ')}.`,
    );
  const [a, b] = pair.users.map((user) => versions[user]);
  if (a !== undefined && a === b)
    throw new BlueGreenError(`\`versions\` gives both users the version ${a}, and a version is of one user.`);
  return [
    { user: pair.users[0], name: `${name}-a`, version: a },
    { user: pair.users[1], name: `${name}-b`, version: b },
  ];
}

function behindOf(
  pair: NamedPair,
  { gateway, targetGroups, hostnames }: BlueGreenFleetsArgs,
): { readonly gateway: Gateway } | { readonly targetGroups: BalancedTraffic } {
  if (gateway !== undefined && targetGroups !== undefined)
    throw new BlueGreenError(
      'The fleets have `gateway` and `targetGroups`, and the traffic goes through one. Leave one out.',
    );
  if (gateway !== undefined) return { gateway };
  if (targetGroups === undefined)
    throw new BlueGreenError(
      'Nothing says what the traffic goes through. Name a `gateway`, or on AWS the `targetGroups` of a load balancer.',
    );
  if (hostnames !== undefined)
    throw new BlueGreenError(
      '`hostnames` are about a route of a `gateway`. With `targetGroups` the rule of the listener has them: `hosts` of BlueGreenTargetGroups.',
    );
  const missing = pair.users.find((user) => targetGroups.arns[user] === undefined);
  if (missing === undefined) return { targetGroups };
  throw new BlueGreenError(`\`targetGroups\` names none for ${missing}. Name one for each user of the pair.`);
}
