import { readFileSync } from 'node:fs';
import path from 'node:path';

import { codeOf } from '../../config/config.js';
import { UsageError } from '../../errors.js';
import type { StoreKind } from '../kind.js';
import { type SecretReference, readSecret, referenceSchema } from '../secret.js';

interface KubernetesConfig {
  readonly name: string;
  readonly namespace?: string;
  readonly server?: string;
  readonly token?: SecretReference;
  readonly ca?: string;
  readonly versioned?: boolean;
  readonly keys?: { readonly user?: string; readonly password?: string; readonly generation?: string };
  readonly previousKeys?: { readonly user: string; readonly password: string };
  readonly templates?: Readonly<Record<string, string>>;
}

const text = { type: 'string', minLength: 1 } as const;
const closed = { type: 'object', additionalProperties: false } as const;

export const kubernetes: StoreKind<KubernetesConfig> = {
  kind: 'kubernetes',
  description: 'A Secret in Kubernetes.',
  required: ['name'],
  properties: {
    name: { ...text, description: 'The Secret that applications read; with "versioned", the ConfigMap that names it.' },
    namespace: { ...text, description: 'Default: that of the pod; "default" with "server".' },
    server: {
      ...text,
      description:
        'Address of the API, such as http://127.0.0.1:8001 of "kubectl proxy". Default: the cluster that keyturn runs in.',
    },
    token: referenceSchema('Bearer token for "server".'),
    ca: { ...text, description: 'PEM file of the authority of the certificate of "server".' },
    versioned: { type: 'boolean', description: 'Publish an immutable Secret each time. Default: false.' },
    keys: {
      ...closed,
      properties: { user: text, password: text, generation: text },
      description: 'Names of the keys. Default: username, password and generation.',
    },
    previousKeys: {
      ...closed,
      required: ['user', 'password'],
      properties: { user: text, password: text },
      description: 'Keys for the credential that was published before. Default: it is not delivered.',
    },
    templates: {
      type: 'object',
      additionalProperties: text,
      description: 'Further keys with ${DB_USER}, ${DB_PASSWORD} and ${DB_GENERATION} filled in, such as a URL.',
    },
  },
  rights: ({ name, versioned }) => [
    // RBAC knows no names for what is not there yet.
    'Role: { apiGroups: [""], resources: ["secrets"], verbs: ["create"] }',
    ...(versioned === true
      ? [
          'Role: { apiGroups: [""], resources: ["secrets"], verbs: ["get", "update", "delete"] }',
          'Role: { apiGroups: [""], resources: ["configmaps"], verbs: ["create"] }',
          `Role: { apiGroups: [""], resources: ["configmaps"], resourceNames: ["${name}"], verbs: ["get", "update"] }`,
        ]
      : [
          `Role: { apiGroups: [""], resources: ["secrets"], resourceNames: ["${name}", "${name}-keyturn"], verbs: ["get", "update"] }`,
        ]),
  ],
  async make(config, setting) {
    const { inCluster, kubernetesApi, KubernetesSecretStore } = await import('@keyturn/rotation/kubernetes');
    const { server, token, ca, name, namespace, versioned, keys, previousKeys, templates } = config;
    const api =
      server === undefined
        ? inCluster({ ...setting.env })
        : kubernetesApi({
            server,
            namespace: namespace ?? 'default',
            ...(token !== undefined && { token: () => readSecret('The Kubernetes token', token, setting) }),
            ...(ca !== undefined && { ca: readPem(path.resolve(setting.folder, ca), ca) }),
          });
    return new KubernetesSecretStore({
      api,
      name,
      ...(namespace !== undefined && { namespace }),
      ...(versioned !== undefined && { versioned }),
      ...(keys !== undefined && { keys }),
      ...(previousKeys !== undefined && { previousKeys }),
      ...(templates !== undefined && { templates }),
    });
  },
};

function readPem(file: string, shown: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`"ca" names the file ${shown}, which cannot be read (${codeOf(cause)}).`, { cause });
  }
}
