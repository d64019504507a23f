import { readFileSync } from 'node:fs';

import {
  annotations as names,
  componentTypes,
  type HostPods,
  type Plan,
  type SharedRoleKind,
  startBound,
} from '@keyturn/plan';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

import { bundleFile } from '../bundle.js';
import { type NamedPair, type PairInput, pairOf } from '../pair.js';
import { type RotationSchedule, scheduledPlan } from '../schedule/rotation-schedule.js';
import { makeChild, type Transform } from '../transform.js';
import { checkGradually, type JobGradually, trialSeconds } from './job/gradually.js';
import { jobEgress, type JobNetwork } from './job/network.js';
import { awsBundleName, bundleName, jobPod, settingsName } from './job/pod.js';
import { jobRules } from './job/rights.js';
import { checkPoolers, hostSettings, type JobDatabase, type JobVault, type Published } from './job/settings.js';
import type { SecretDelivery } from './synced/delivery.js';

export interface RotationJobArgs {
  /** Required. Namespace of the job and of the Secret that it writes. */
  readonly namespace: pulumi.Input<string>;
  /** Required. Name of the pair, with users `<pair>_a` and `<pair>_b` over the shared role `<pair>`; or the users that `keyturn adopt` has taken over. */
  readonly pair: PairInput;
  /** Required. */
  readonly database: JobDatabase;
  /** Required. Secret with the rotator's login, `username` and `password`. It is made outside of Pulumi, whose state would hold it. */
  readonly adminSecretName: pulumi.Input<string>;
  /** Required. When it rotates. */
  readonly schedule: RotationSchedule;
  /** Required. How long consumers can hold a superseded credential. The interval is the schedule's. */
  readonly plan: Omit<Plan, 'strategy' | 'every'>;
  /**
   * Optional. Turn a `VaultStaticRolePair`, whose passwords Vault makes, instead of writing a Secret; PostgreSQL only. Default: a Secret is written, and `secretName`,
   * `previous` and `templates` are about it.
   */
  readonly vault?: JobVault;
  /** Optional. The Secret that applications read. Default: the component's name. */
  readonly secretName?: string;
  /** Optional. Whether the Secret also holds the previous credential. Default: `false`. */
  readonly previous?: boolean;
  /** Optional. Further keys of the Secret, with `${DB_USER}`, `${DB_PASSWORD}` and `${DB_GENERATION}`. Default: none. */
  readonly templates?: Readonly<Record<string, string>>;
  /** Required for consumers that hold a credential until they are restarted: how their pods are found. */
  readonly pods?: Readonly<Record<string, HostPods>>;
  /**
   * Optional. Try a candidate with a growing share of the traffic before it is published: `gradually` of a `BlueGreenFleets`. Until its fleet is deployed, the job says so
   * and fails. Default: a tested candidate is published.
   */
  readonly gradually?: JobGradually;
  /** Optional. Default: `owner`. */
  readonly sharedRole?: SharedRoleKind;
  /** Optional. Minutes between two looks: what is half done goes on, what is due begins, what nobody holds is retired. 1 to 30. Default: 10. */
  readonly lookEvery?: number;
  /** Optional. A Node image, 20.19 or newer. Default: `node:22-alpine`. */
  readonly image?: string;
  /** Optional. Addresses that the job may reach. Default: any, on the ports of the database and the API server. */
  readonly network?: JobNetwork;
  /** Optional. Changes a child before it is made. */
  readonly transform?: {
    readonly cronJob?: Transform<kubernetes.batch.v1.CronJobArgs>;
    readonly role?: Transform<kubernetes.rbac.v1.RoleArgs>;
    readonly networkPolicy?: Transform<kubernetes.networking.v1.NetworkPolicyArgs>;
    readonly serviceAccount?: Transform<kubernetes.core.v1.ServiceAccountArgs>;
  };
}

/** The job cannot do what it is told; the message says what is missing. */
export class RotationJobError extends Error {
  override readonly name = 'RotationJobError';
}

const label = 'app.kubernetes.io/name';

/**
 * Rotates a pair of database users from inside the cluster, and publishes into a Secret.
 *
 * A CronJob looks every few minutes: it goes on with what is half done, advances when the schedule says so, and retires the superseded user once
 * nobody can hold it. Its code is one file in a ConfigMap, for a stock Node image.
 */
export class RotationJob extends pulumi.ComponentResource {
  static readonly type = componentTypes.kubernetesRotationJob;

  readonly pair: pulumi.Output<NamedPair>;
  readonly plan: pulumi.Output<Plan>;
  readonly #delivery: SecretDelivery | undefined;
  /** The name of the CronJob, once everything that it needs is there. */
  readonly ready: pulumi.Output<string>;

  /**
   * @throws PlanError when the schedule is faster than its consumers can follow; the message names the links and the numbers.
   * @throws ScheduleError when the job cannot keep the schedule.
   * @throws NameError when a name does not fit the database.
   * @throws RotationJobError when the pods of a start-bound consumer cannot be found, or the looks are too rare.
   * @throws JobDatabaseError when a pooler has no endpoint, or cannot be told in the form that is wanted.
   * @throws GraduallyError when a user of the pair has no fleet, or the steps do not grow up to 100.
   * @throws GreenCheckError when a step is too short to see anything.
   * @throws BundleMissing when the package was built and not packed.
   */
  constructor(name: string, args: RotationJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = scheduledPlan({ ...args.plan, strategy: 'dual-user' }, args.schedule);
    const pair = pairOf(args.pair);
    const { pods = {}, lookEvery = 10, transform = {}, database } = args;
    const publishes = publishedBy(name, args);
    const secretName = publishes.to === 'secret' ? publishes.name : undefined;
    checkJob(plan, pods, lookEvery);
    checkPoolers(database);
    const { gradually } = args;
    if (gradually !== undefined) checkGradually(gradually, pair);
    const code = readFileSync(bundleFile('kubernetes-job'), 'utf8');
    const balanced = gradually !== undefined && 'targetGroups' in gradually ? gradually.targetGroups : undefined;
    const settings = hostSettings(
      {
        pair,
        plan,
        schedule: args.schedule,
        sharedRole: args.sharedRole ?? 'owner',
        database,
        publishes,
        pods,
        gradually,
      },
      args.namespace,
    );
    super(RotationJob.type, name, { pair, plan, ...(secretName === undefined ? {} : { secretName }) }, opts);
    const options = { parent: this };
    const labels = { [label]: name };
    const described = { [names.plan]: JSON.stringify(plan), [names.strategy]: plan.strategy, [names.pair]: pair.name };
    const metadata = { name, namespace: args.namespace, labels, annotations: described };

    const configMap = new kubernetes.core.v1.ConfigMap(
      `${name}-code`,
      {
        metadata: { ...metadata, name: `${name}-code` },
        data: { [bundleName]: code, [settingsName]: pulumi.jsonStringify(settings) },
      },
      options,
    );
    const partForAws =
      balanced === undefined
        ? []
        : [
            new kubernetes.core.v1.ConfigMap(
              `${name}-aws-code`,
              {
                metadata: { ...metadata, name: `${name}-aws-code` },
                data: { [awsBundleName]: readFileSync(bundleFile('kubernetes-job-aws'), 'utf8') },
              },
              options,
            ),
          ];
    const account = makeChild<kubernetes.core.v1.ServiceAccountArgs, kubernetes.core.v1.ServiceAccount>(
      kubernetes.core.v1.ServiceAccount,
      {
        name: `${name}-account`,
        // Only the job's pods get a token.
        args: {
          metadata: {
            ...metadata,
            annotations: {
              ...described,
              ...(balanced?.roleArn === undefined ? {} : { 'eks.amazonaws.com/role-arn': balanced.roleArn }),
            },
          },
          automountServiceAccountToken: false,
        },
        options,
        transform: transform.serviceAccount,
      },
    );
    const role = makeChild<kubernetes.rbac.v1.RoleArgs, kubernetes.rbac.v1.Role>(kubernetes.rbac.v1.Role, {
      name: `${name}-role`,
      args: { metadata, rules: jobRules(secretName, Object.keys(pods).length > 0, gradually) },
      options,
      transform: transform.role,
    });
    const binding = new kubernetes.rbac.v1.RoleBinding(
      `${name}-binding`,
      {
        metadata,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name, namespace: args.namespace }],
      },
      { ...options, dependsOn: [role, account] },
    );
    const network = makeChild<kubernetes.networking.v1.NetworkPolicyArgs, kubernetes.networking.v1.NetworkPolicy>(
      kubernetes.networking.v1.NetworkPolicy,
      {
        name: `${name}-network`,
        args: {
          metadata,
          spec: {
            podSelector: { matchLabels: labels },
            policyTypes: ['Ingress', 'Egress'],
            egress: jobEgress(database, args.network ?? {}, publishes, gradually),
          },
        },
        options,
        transform: transform.networkPolicy,
      },
    );
    const job = makeChild<kubernetes.batch.v1.CronJobArgs, kubernetes.batch.v1.CronJob>(kubernetes.batch.v1.CronJob, {
      name: `${name}-job`,
      args: {
        metadata,
        spec: {
          schedule: `*/${lookEvery} * * * *`,
          concurrencyPolicy: 'Forbid',
          startingDeadlineSeconds: 200,
          successfulJobsHistoryLimit: 1,
          failedJobsHistoryLimit: 3,
          jobTemplate: {
            spec: {
              // The next look is the retry.
              backoffLimit: 0,
              activeDeadlineSeconds: lookEvery * 60 + (gradually === undefined ? 0 : trialSeconds(gradually)),
              template: {
                metadata: { labels },
                spec: jobPod({
                  image: args.image ?? 'node:22-alpine',
                  account: name,
                  code: [`${name}-code`, ...(balanced === undefined ? [] : [`${name}-aws-code`])],
                  adminSecretName: args.adminSecretName,
                  database,
                }),
              },
            },
          },
        },
      },
      options: { ...options, dependsOn: [configMap, ...partForAws, binding, network] },
      transform: transform.cronJob,
      fixedPaths: { 'spec.concurrencyPolicy': 'one rotator at a time.' },
    });

    this.pair = pulumi.output(pair);
    this.plan = pulumi.output(plan);
    this.#delivery = secretName === undefined ? undefined : { kind: 'secret', secretName };
    this.ready = job.id.apply(() => name);
    this.registerOutputs({
      pair: this.pair,
      plan: this.plan,
      ...(secretName === undefined ? {} : { secretName }),
      ready: this.ready,
    });
  }

  /**
   * For `credential` of RefreshableWorkload.
   *
   * @throws RotationJobError when the job turns a pair in Vault and writes no Secret.
   */
  get delivery(): SecretDelivery {
    if (this.#delivery !== undefined) return this.#delivery;
    throw new RotationJobError(
      'This job turns a pair in Vault and writes no Secret. Applications read the selector (vaultStaticPair of @keyturn/pool), or a SyncedSecret does.',
    );
  }

  /**
   * The Secret that applications read.
   *
   * @throws RotationJobError when the job turns a pair in Vault and writes no Secret.
   */
  get secretName(): pulumi.Output<string> {
    return pulumi.output(this.delivery.secretName);
  }
}

function publishedBy(name: string, args: RotationJobArgs): Published {
  const { vault, secretName, previous, templates, database } = args;
  if (vault === undefined)
    return {
      to: 'secret',
      name: secretName ?? name,
      previous: previous ?? false,
      templates: templates ?? {},
      pinned: args.gradually !== undefined,
    };
  const [about] = Object.entries({ secretName, previous, templates }).find(([, value]) => value !== undefined) ?? [];
  if (about !== undefined) {
    throw new RotationJobError(
      `\`${about}\` is about a Secret, and with \`vault\` the job writes none. Leave one out.`,
    );
  }
  if (database.engine !== undefined && database.engine !== 'postgres') {
    throw new RotationJobError(
      `With \`vault\` the job turns users of PostgreSQL, got ${database.engine}. Leave \`vault\` out: the job makes the passwords then.`,
    );
  }
  return { to: 'vault', vault };
}

function checkJob(plan: Plan, pods: Readonly<Record<string, HostPods>>, lookEvery: number): void {
  for (const consumer of startBound(plan.consumers)) {
    if (Object.hasOwn(pods, consumer.name)) continue;
    throw new RotationJobError(
      `${consumer.name} holds a credential until it is restarted, so the job has to see its pods. Write for example pods: { "${consumer.name}": { selector: "app.kubernetes.io/name=${consumer.name}" } }.`,
    );
  }
  if (!Number.isInteger(lookEvery) || lookEvery < 1 || lookEvery > 30) {
    throw new RotationJobError(`\`lookEvery\` has to be whole minutes, 1 to 30, got ${String(lookEvery)}.`);
  }
}
