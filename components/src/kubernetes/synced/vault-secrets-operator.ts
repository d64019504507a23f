import { goDuration } from '../refresh-interval.js';
import { DeliveryError, type DeliveryObject } from './delivery.js';

/** A workload that the operator restarts after it wrote a changed Secret. */
export interface RestartTarget {
  readonly kind: 'Deployment' | 'DaemonSet' | 'StatefulSet' | 'argo.Rollout';
  readonly name: string;
}

/** The Vault Secrets Operator is installed. */
export interface ByVaultSecretsOperator {
  readonly kind: 'vault-secrets-operator';
  /** Optional. A `VaultAuth` in the same namespace, or `namespace/name`. Default: the operator's default. */
  readonly auth?: string;
  /** Optional. Path of a KV engine of version 2. Default: `secret`. */
  readonly mount?: string;
  /** Required. The secret that keyturn writes. */
  readonly path: string;
  /** Optional. Workloads that read the Secret at start. The operator restarts them and does not wait for them. Default: none. */
  readonly restarts?: readonly RestartTarget[];
}

export function vaultStaticSecret(
  by: ByVaultSecretsOperator,
  secretName: string,
  refreshMs: number,
  previous: boolean,
  annotations: Readonly<Record<string, string>>,
): DeliveryObject {
  if (previous) {
    throw new DeliveryError(
      'The Vault Secrets Operator reads a previous version by its number only, which changes with every rotation. Deliver it with the Vault ' +
        'Agent injector, or leave `previous` out.',
    );
  }
  return {
    apiVersion: 'secrets.hashicorp.com/v1beta1',
    kind: 'VaultStaticSecret',
    timedAt: 'spec.refreshAfter',
    spec: {
      type: 'kv-v2',
      mount: by.mount ?? 'secret',
      path: by.path,
      refreshAfter: goDuration(refreshMs),
      hmacSecretData: true,
      ...(by.auth === undefined ? {} : { vaultAuthRef: by.auth }),
      destination: {
        create: true,
        name: secretName,
        annotations,
        transformation: { excludeRaw: true, includes: ['^username$', '^password$', '^generation$'] },
      },
      ...(by.restarts === undefined ? {} : { rolloutRestartTargets: by.restarts.map((target) => ({ ...target })) }),
    },
  };
}
