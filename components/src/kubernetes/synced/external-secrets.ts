import { goDuration } from '../refresh-interval.js';
import { type DeliveryObject, DeliveryError } from './delivery.js';

/** The External Secrets Operator is installed, 0.16 or newer (`external-secrets.io/v1`). */
export interface ByExternalSecrets {
  readonly kind: 'external-secrets';
  /** Required. Default kind: `SecretStore`. */
  readonly store: { readonly name: string; readonly kind?: 'SecretStore' | 'ClusterSecretStore' };
  /** Required. The secret as the store names it. Its value is JSON with `username`, `password` and `generation`. */
  readonly key: string;
  /** Required for `previous`. What is behind the store. */
  readonly provider?: 'aws-secrets-manager' | 'other';
}

/** Every version is read at once (`extract`): user and password never come from two of them. */
export function externalSecret(
  by: ByExternalSecrets,
  secretName: string,
  refreshMs: number,
  previous: boolean,
  annotations: Readonly<Record<string, string>>,
): DeliveryObject {
  if (previous && by.provider !== 'aws-secrets-manager') {
    throw new DeliveryError(
      'External Secrets reads a previous version by a label, and only AWS Secrets Manager has one. Write `provider: "aws-secrets-manager"`, ' +
        'or leave `previous` out.',
    );
  }
  const before = {
    extract: { key: by.key, version: 'AWSPREVIOUS' },
    rewrite: [{ regexp: { source: '(.*)', target: 'previous-$1' } }],
  };
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    timedAt: 'spec.refreshInterval',
    spec: {
      refreshPolicy: 'Periodic',
      refreshInterval: goDuration(refreshMs),
      secretStoreRef: { name: by.store.name, kind: by.store.kind ?? 'SecretStore' },
      target: {
        name: secretName,
        creationPolicy: 'Owner',
        // A store that does not answer must not take the credential away from pods.
        deletionPolicy: 'Retain',
        template: { mergePolicy: 'Merge', metadata: { annotations } },
      },
      dataFrom: [{ extract: { key: by.key } }, ...(previous ? [before] : [])],
    },
  };
}
