import type { JobGradually } from './gradually.js';

/** A rule of a Role. */
export interface Rule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly resourceNames?: string[];
  readonly verbs: string[];
}

/**
 * What the job may do: its two Secrets by name, where it publishes into one. Kubernetes cannot restrict `create` by name, so that right is one to make new Secrets; it reads and changes none that is there.
 */
export function jobRules(
  secretName: string | undefined,
  looksAtPods: boolean,
  gradually: JobGradually | undefined,
): Rule[] {
  const secrets = { apiGroups: [''], resources: ['secrets'] };
  return [
    ...(secretName === undefined
      ? []
      : [
          { ...secrets, resourceNames: [secretName, `${secretName}-keyturn`], verbs: ['get', 'update'] },
          { ...secrets, verbs: ['create'] },
        ]),
    ...(gradually === undefined
      ? []
      : [
          ...('route' in gradually
            ? [
                {
                  apiGroups: ['gateway.networking.k8s.io'],
                  resources: ['httproutes'],
                  resourceNames: [gradually.route],
                  verbs: ['get', 'update'],
                },
              ]
            : []),
          {
            apiGroups: ['apps'],
            resources: ['deployments'],
            resourceNames: Object.values(gradually.deployments),
            verbs: ['get'],
          },
        ]),
    ...(looksAtPods ? [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }] : []),
  ];
}
