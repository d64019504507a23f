import type { Duration } from '@keyturn/plan';

import { DeliveryError, type DeliveryObject } from './delivery.js';

/** The Secrets Store CSI driver is installed, with its provider, and with `enableSecretRotation` on. */
export interface BySecretsStoreCsi {
  readonly kind: 'secrets-store-csi';
  /** Required. The driver's `rotationPollInterval`: an object cannot set it. The driver's own default is 2m. */
  readonly pollInterval: Duration;
  /** Required. */
  readonly provider: CsiFromAws | CsiFromVault;
}

export interface CsiFromAws {
  readonly name: 'aws';
  /** Required. Name or ARN of the secret. */
  readonly secretId: string;
  /** Optional. Default: the region of the node. */
  readonly region?: string;
}

export interface CsiFromVault {
  readonly name: 'vault';
  readonly role: string;
  /** Optional. Default: `secret`. */
  readonly mount?: string;
  readonly path: string;
  /** Optional. Default: the provider's. */
  readonly address?: string;
}

export function secretProviderClass({ provider }: BySecretsStoreCsi, previous: boolean): DeliveryObject {
  if (previous && provider.name === 'vault') {
    throw new DeliveryError(
      "Vault's CSI provider reads a previous version by its number only, which changes with every rotation. Deliver it with the Vault Agent " +
        'injector, or leave `previous` out.',
    );
  }
  return {
    apiVersion: 'secrets-store.csi.x-k8s.io/v1',
    kind: 'SecretProviderClass',
    spec: {
      provider: provider.name,
      parameters: provider.name === 'aws' ? awsParameters(provider, previous) : vaultParameters(provider),
    },
  };
}

/** JSON is YAML too, which is what the providers read. */
function awsParameters({ secretId, region }: CsiFromAws, previous: boolean): Readonly<Record<string, string>> {
  const current = {
    objectName: secretId,
    objectType: 'secretsmanager',
    objectAlias: 'current.json',
    jmesPath: [
      { path: 'username', objectAlias: 'username' },
      { path: 'password', objectAlias: 'password' },
      // The provider takes texts only.
      { path: 'to_string(generation)', objectAlias: 'generation' },
    ],
  };
  // As it is: before the second rotation it has no user, and a path that finds nothing would keep pods from starting.
  const before = {
    objectName: secretId,
    objectType: 'secretsmanager',
    objectVersionLabel: 'AWSPREVIOUS',
    objectAlias: 'previous.json',
  };
  const objects = JSON.stringify([current, ...(previous ? [before] : [])]);
  return region === undefined ? { objects } : { region, objects };
}

function vaultParameters(from: CsiFromVault): Readonly<Record<string, string>> {
  const secretPath = `${from.mount ?? 'secret'}/data/${from.path}`;
  const objects = ['username', 'password', 'generation'].map((key) => ({
    objectName: key,
    secretPath,
    secretKey: key,
  }));
  return {
    roleName: from.role,
    ...(from.address === undefined ? {} : { vaultAddress: from.address }),
    objects: JSON.stringify(objects),
  };
}
