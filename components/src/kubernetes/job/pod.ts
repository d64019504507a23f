import { hostVariables } from '@keyturn/plan';
import type * as kubernetes from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';

import { adminFolder, caFolder, consoleFolder, type JobDatabase } from './settings.js';

type PodSpec = kubernetes.types.input.core.v1.PodSpec;

export const codeFolder = '/keyturn';
export const bundleName = 'kubernetes-job.mjs';
/** Beside it, where a load balancer has the traffic. */
export const awsBundleName = 'kubernetes-job-aws.mjs';
export const settingsName = 'settings.json';

/** The user `node` of Node's images. */
const nodeUser = 1_000;

export interface JobPod {
  readonly image: string;
  readonly account: string;
  /** ConfigMaps with the code, each of which holds 1 MiB. */
  readonly code: readonly string[];
  readonly adminSecretName: pulumi.Input<string>;
  readonly database: JobDatabase;
}

/** A stock Node image that runs one file, as nobody, on a file system that it cannot write. */
export function jobPod({ image, account, code, adminSecretName, database }: JobPod): PodSpec {
  const ca = typeof database.tls === 'object' ? database.tls : undefined;
  const consoles = (database.poolers ?? []).map(({ consoleSecretName }, index) => ({
    name: `pooler-${index + 1}`,
    mountPath: consoleFolder(index),
    secretName: consoleSecretName,
  }));
  const volumes = [
    codeVolume(code),
    { name: 'admin', secret: { secretName: adminSecretName, defaultMode: 0o440 } },
    ...consoles.map(({ name, secretName }) => ({ name, secret: { secretName, defaultMode: 0o440 } })),
    ...(ca === undefined ? [] : [{ name: 'ca', configMap: { name: ca.configMap } }]),
  ];
  return {
    serviceAccountName: account,
    automountServiceAccountToken: true,
    restartPolicy: 'Never',
    securityContext: {
      runAsNonRoot: true,
      runAsUser: nodeUser,
      runAsGroup: nodeUser,
      fsGroup: nodeUser,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'keyturn',
        image,
        command: ['node', `${codeFolder}/${bundleName}`, 'tend'],
        env: [{ name: hostVariables.settingsFile, value: `${codeFolder}/${settingsName}` }],
        resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'code', mountPath: codeFolder, readOnly: true },
          { name: 'admin', mountPath: adminFolder, readOnly: true },
          ...consoles.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
          ...(ca === undefined ? [] : [{ name: 'ca', mountPath: caFolder, readOnly: true }]),
        ],
      },
    ],
    volumes,
  };
}

/** One folder with all files of the job: they import each other. */
function codeVolume(configMaps: readonly string[]): kubernetes.types.input.core.v1.Volume {
  const [only, ...more] = configMaps;
  return only !== undefined && more.length === 0
    ? { name: 'code', configMap: { name: only } }
    : { name: 'code', projected: { sources: configMaps.map((name) => ({ configMap: { name } })) } };
}
