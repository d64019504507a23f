import { at, leaves, text, type Resource, type Value } from '@keyturn/resources';
import { annotations as keyturnAnnotations } from '@keyturn/plan';
import { podTemplateOf } from './workload.js';

/** Whether something replaces the pods of a workload when a Secret changes. */
export type Hooked =
  | { readonly is: 'yes'; readonly by: string }
  | { readonly is: 'no' }
  | { readonly is: 'undecided'; readonly because: string };

/** Annotations on the workload, or its pods, by which a controller restarts it. */
const restarters: readonly (readonly [key: RegExp, by: string])[] = [
  [/^reloader\.stakater\.com\/(auto|search|rollout-strategy)$/, 'Reloader'],
  [/^secret\.reloader\.stakater\.com\/(auto|reload)$/, 'Reloader'],
  [/^wave\.pusher\.com\/update-on-config-change$/, 'Wave'],
  [/^secrets\.doppler\.com\/reload$/, 'the Doppler operator'],
  [/^operator\.1password\.io\/auto-restart$/, 'the 1Password operator'],
  [/^secrets\.infisical\.com\/auto-reload$/, 'the Infisical operator'],
  [/^configmap-and-secret-reload\b/, 'a reloader'],
];

/** Annotations of the pod template that change with the content of a Secret, by convention of Helm charts and of keyturn. */
const contentKeys = /checksum|\bsha(1|256)?\b|hash(?!icorp)|secret-?version|version-?id/i;

/**
 * Looks for the annotation of a reloader, and for a checksum, a version or an output of another resource in the annotations of
 * the pods: each of them makes the pods new when the Secret is.
 */
export function reloadHookOf(workload: Resource): Hooked {
  const template = podTemplateOf(workload);
  const onWorkload = at(workload.properties, 'metadata', 'annotations');
  const onPods = at(template.metadata, 'annotations');
  for (const [what, annotations] of [
    ['annotations', onWorkload],
    ['pod annotations', onPods],
  ] as const) {
    const found = restarterIn(annotations);
    if (found) return { is: 'yes', by: found };
    if (annotations.kind === 'unknown')
      return { is: 'undecided', because: `its ${what} are not known before the deployment` };
  }
  if (template.metadata.kind === 'unknown' || template.spec.kind === 'unknown') {
    return { is: 'undecided', because: 'its pod template is not known before the deployment' };
  }
  if (onPods.kind === 'object') {
    for (const [key, value] of onPods.fields) {
      if (key === keyturnAnnotations.generation || contentKeys.test(key))
        return { is: 'yes', by: `the pod annotation ${key}` };
      if (isMadeFromResources(value)) return { is: 'yes', by: `the pod annotation ${key}` };
    }
  }
  return { is: 'no' };
}

function restarterIn(annotations: Value): string | undefined {
  if (annotations.kind !== 'object') return undefined;
  for (const [key, value] of annotations.fields) {
    const switchedOff = text(value) === 'false' || (value.kind === 'known' && value.value === false);
    const match = restarters.find(([pattern]) => pattern.test(key));
    if (match && !switchedOff) return match[1];
  }
  return undefined;
}

function isMadeFromResources(value: Value): boolean {
  for (const leaf of leaves(value)) {
    const { provenance } = leaf.value;
    if (
      provenance.kind === 'resource-output' ||
      provenance.kind === 'generated' ||
      provenance.kind === 'fetched-at-deploy'
    )
      return true;
  }
  return false;
}
