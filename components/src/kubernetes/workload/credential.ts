import type { CredentialDelivery, SecretDelivery } from '../synced/delivery.js';

/** How the container of the application reads the credential. */
export interface CredentialUse {
  /** Required. `delivery` of a SyncedSecret, or `{ kind: 'secret', secretName }` for a Secret that is there. */
  readonly delivery: CredentialDelivery;
  /**
   * Optional. `files`: follows a rotation. `environment`: `DB_USER`, `DB_PASSWORD` and `DB_GENERATION` of a Secret, read once, at start.
   * Default: `files`.
   */
  readonly as?: 'files' | 'environment';
  /** Optional. Folder of the files. Default: `/run/secrets/database`. */
  readonly mountPath?: string;
}

const variables = [
  ['DB_USER', 'username'],
  ['DB_PASSWORD', 'password'],
  ['DB_GENERATION', 'generation'],
] as const;

/** What the pod and its container need for a credential, in the words of Kubernetes. */
export interface CredentialParts {
  readonly volumes: readonly { name: string; secret?: SecretVolume; csi?: CsiVolume }[];
  readonly volumeMounts: readonly { name: string; mountPath: string; readOnly: true }[];
  readonly env: readonly { name: string; valueFrom: { secretKeyRef: { name: string; key: string } } }[];
  readonly podAnnotations: Readonly<Record<string, string>>;
  /** Lines of a POSIX shell that set `user`, `password` and `generation`. */
  readonly shell: readonly string[];
}

interface SecretVolume {
  readonly secretName: string;
  readonly items?: { key: string; path: string }[];
}

interface CsiVolume {
  readonly driver: string;
  readonly readOnly: true;
  readonly volumeAttributes: { readonly secretProviderClass: string };
}

/** The credential cannot be used in this way; the message says how it can. */
export class CredentialUseError extends Error {
  override readonly name = 'CredentialUseError';
}

const volume = 'keyturn-credential';

/** @throws CredentialUseError when files are asked for as environment. */
export function credentialParts({
  delivery,
  as = 'files',
  mountPath = '/run/secrets/database',
}: CredentialUse): CredentialParts {
  const none = { volumes: [], volumeMounts: [], env: [], podAnnotations: {} };
  if (as === 'environment') {
    if (delivery.kind !== 'secret') {
      throw new CredentialUseError(
        `A credential that is delivered by ${delivery.kind === 'csi' ? 'the CSI driver' : 'the Vault Agent'} is a file. Read it as files, or deliver it as a Secret.`,
      );
    }
    return {
      ...none,
      env: variables.map(([name, key]) => ({
        name,
        valueFrom: { secretKeyRef: { name: delivery.secretName, key: keyIn(delivery, key) } },
      })),
      shell: ['user=${DB_USER:-}', 'password=${DB_PASSWORD:-}', 'generation=${DB_GENERATION:-0}'],
    };
  }
  if (delivery.kind === 'agent') {
    const from = (variable: string) => `$(sed -n 's/^${variable}=//p' '${delivery.file}' 2>/dev/null)`;
    return {
      ...none,
      podAnnotations: delivery.podAnnotations,
      shell: [
        `user=${from('DB_USER')}`,
        `password=${from('DB_PASSWORD')}`,
        `generation=${from('DB_GENERATION')}`,
        'generation=${generation:-0}',
      ],
    };
  }
  // Behind `..data` the files belong together, also when the kubelet swaps the link meanwhile.
  return {
    ...none,
    volumes: [
      delivery.kind === 'secret'
        ? { name: volume, secret: secretVolume(delivery) }
        : {
            name: volume,
            csi: {
              driver: 'secrets-store.csi.k8s.io',
              readOnly: true,
              volumeAttributes: { secretProviderClass: delivery.secretProviderClass },
            },
          },
    ],
    volumeMounts: [{ name: volume, mountPath, readOnly: true }],
    shell: [
      `folder=$(readlink -f '${mountPath}/..data' 2>/dev/null) && [ -d "$folder" ] || folder='${mountPath}'`,
      'user=$(cat "$folder/username" 2>/dev/null)',
      'password=$(cat "$folder/password" 2>/dev/null)',
      'generation=$(cat "$folder/generation" 2>/dev/null || echo 0)',
    ],
  };
}

function secretVolume(delivery: SecretDelivery): SecretVolume {
  const { secretName, version } = delivery;
  if (version === undefined) return { secretName };
  return { secretName, items: variables.map(([, path]) => ({ key: keyIn(delivery, path), path })) };
}

const keyIn = ({ version }: SecretDelivery, key: string): string => (version === undefined ? key : `${version}.${key}`);
