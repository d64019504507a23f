import { annotations as names, componentTypes, type Duration, type Plan, type Strategy } from '@keyturn/plan';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

import { makeChild, type Transform } from '../transform.js';
import type { CredentialDelivery, DeliveryObject } from './synced/delivery.js';
import { type ByExternalSecrets, externalSecret } from './synced/external-secrets.js';
import { syncRefresh } from './synced/refresh.js';
import { type BySecretsStoreCsi, secretProviderClass } from './synced/secrets-store-csi.js';
import { agentAnnotations, type ByVaultAgent } from './synced/vault-agent.js';
import { type ByVaultSecretsOperator, vaultStaticSecret } from './synced/vault-secrets-operator.js';

export interface SyncedSecretArgs {
  /** Required. */
  readonly namespace: pulumi.Input<string>;
  /** Required. What is installed in the cluster, and where the credential is. */
  readonly by: ByExternalSecrets | ByVaultSecretsOperator | BySecretsStoreCsi | ByVaultAgent;
  /** Required. How often the credential rotates, and how long consumers hold it after it arrived in the pod. Default strategy: `dual-user`. */
  readonly plan: Omit<Plan, 'strategy'> & { readonly strategy?: Strategy };
  /** Optional. Name of the Secret, the SecretProviderClass or the agent's file. Default: the component's name. */
  readonly secretName?: string;
  /** Optional. How often the store is read. Default: a quarter of what the plan leaves, at most 15 minutes. */
  readonly refresh?: Duration;
  /** Optional. Whether the previous credential is delivered beside the current one. Default: `false`. */
  readonly previous?: boolean;
  /** Optional. Changes the child before it is made. How often it refreshes cannot be changed. */
  readonly transform?: { readonly object?: Transform<kubernetes.apiextensions.CustomResourceArgs> };
}

/**
 * A credential in the cluster that follows its store, as often as the plan needs.
 *
 * The value goes from the store to the pod without Pulumi: the state holds names only.
 */
export class SyncedSecret extends pulumi.ComponentResource {
  static readonly type = componentTypes.kubernetesSyncedSecret;

  /** How a pod gets it. */
  readonly delivery: CredentialDelivery;
  readonly namespace: pulumi.Output<string>;
  /** Name of the Secret, the SecretProviderClass or the agent's file. */
  readonly secretName: pulumi.Output<string>;
  /** Milliseconds between two reads of the store. */
  readonly refreshMs: pulumi.Output<number>;
  /** The plan with the links that this component adds in front of every chain. */
  readonly plan: pulumi.Output<Plan>;
  /** The name, once the object is in the cluster. Workloads depend on it. */
  readonly ready: pulumi.Output<string>;

  /**
   * @throws PlanError when the credential cannot arrive before the next rotation; the message names the links and the numbers.
   * @throws DeliveryError when what is installed cannot deliver the previous credential.
   */
  constructor(name: string, args: SyncedSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    const { by, previous = false, secretName = name, transform = {} } = args;
    const refresh = syncRefresh(by, { strategy: 'dual-user', ...args.plan }, args.refresh);
    const { plan } = refresh;
    const annotations = { [names.plan]: JSON.stringify(plan), [names.strategy]: plan.strategy };
    const made = deliver(by, secretName, refresh.ms, previous, annotations);
    super(SyncedSecret.type, name, { by: by.kind, plan, refreshMs: refresh.ms }, opts);

    const child =
      made.object &&
      makeChild<kubernetes.apiextensions.CustomResourceArgs, kubernetes.apiextensions.CustomResource>(
        kubernetes.apiextensions.CustomResource,
        {
          name: `${name}-object`,
          args: {
            apiVersion: made.object.apiVersion,
            kind: made.object.kind,
            metadata: { name: secretName, namespace: args.namespace, annotations },
            spec: made.object.spec,
          },
          options: { parent: this },
          transform: transform.object,
          fixed: { apiVersion: 'it says what is installed.', kind: 'it says what is installed.' },
          fixedPaths: fixedIn(made.object),
        },
      );

    this.delivery = made.delivery;
    this.namespace = pulumi.output(args.namespace);
    this.secretName = pulumi.output(secretName);
    this.refreshMs = pulumi.output(refresh.ms);
    this.plan = pulumi.output(plan);
    this.ready = child ? child.id.apply(() => secretName) : this.secretName;
    this.registerOutputs({
      delivery: this.delivery,
      namespace: this.namespace,
      secretName: this.secretName,
      refreshMs: this.refreshMs,
      plan: this.plan,
      ready: this.ready,
    });
  }
}

interface Made {
  readonly delivery: CredentialDelivery;
  readonly object?: DeliveryObject;
}

function deliver(
  by: SyncedSecretArgs['by'],
  secretName: string,
  refreshMs: number,
  previous: boolean,
  annotations: Readonly<Record<string, string>>,
): Made {
  const asSecret = { kind: 'secret', secretName } as const;
  switch (by.kind) {
    case 'external-secrets':
      return { delivery: asSecret, object: externalSecret(by, secretName, refreshMs, previous, annotations) };
    case 'vault-secrets-operator':
      return { delivery: asSecret, object: vaultStaticSecret(by, secretName, refreshMs, previous, annotations) };
    case 'secrets-store-csi':
      return { delivery: { kind: 'csi', secretProviderClass: secretName }, object: secretProviderClass(by, previous) };
    case 'vault-agent-injector':
      return {
        delivery: {
          kind: 'agent',
          file: `/vault/secrets/${secretName}`,
          podAnnotations: { ...annotations, ...agentAnnotations(by, secretName, refreshMs, previous) },
        },
      };
  }
}

function fixedIn({ timedAt }: DeliveryObject): Readonly<Record<string, string>> {
  return timedAt === undefined ? {} : { [timedAt]: 'the plan counts on it. Use `refresh`.' };
}
