import { createHash } from 'node:crypto';

import type { DeliveryObject } from '../synced/delivery.js';

/** A secret whose versions External Secrets can read by their ids. */
export interface VersionedSource {
  /** Required. Default kind: `SecretStore`. */
  readonly store: { readonly name: string; readonly kind?: 'SecretStore' | 'ClusterSecretStore' };
  /** Required. The secret as the store names it. */
  readonly key: string;
  /** Required. Where its versions are: as version ids of AWS Secrets Manager, or where keyturn keeps them in a KV engine of Vault (`<key>.keyturn/<id>`). */
  readonly provider: 'aws-secrets-manager' | 'vault-kv';
}

/**
 * Name of the Secret with one version. The digits are a hash of the version's id, which stands for its content for ever: a hash of the content would
 * have to pass through Pulumi.
 */
export function nameOfVersion(name: string, source: VersionedSource, version: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([source.provider, source.key, version]))
    .digest('hex');
  return `${name}-${hash.slice(0, 8)}`;
}

/** Reads one version, once, into a Secret that cannot be changed. */
export function pinnedSecret(
  { store, key, provider }: VersionedSource,
  version: string,
  secretName: string,
  annotations: Readonly<Record<string, string>>,
): DeliveryObject {
  const extract =
    provider === 'aws-secrets-manager' ? { key, version: `uuid/${version}` } : { key: `${key}.keyturn/${version}` };
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    spec: {
      refreshPolicy: 'OnChange',
      refreshInterval: '0s',
      secretStoreRef: { name: store.name, kind: store.kind ?? 'SecretStore' },
      target: {
        name: secretName,
        creationPolicy: 'Owner',
        deletionPolicy: 'Retain',
        immutable: true,
        template: { mergePolicy: 'Merge', metadata: { annotations } },
      },
      dataFrom: [{ extract }],
    },
  };
}
