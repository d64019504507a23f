import type { Resource } from '@keyturn/resources';
import { restartsWorkload, type KubernetesSecretSource } from '../graph/kubernetes-sources.js';
import { namespaceOf, type RotationGraph } from '../graph/rotation-graph.js';
import { reloadHookOf } from './reload-hooks.js';
import { openPartOf, podTemplateOf, secretReferencesOf, type SecretReference } from './workload.js';

/** A Secret that a pod reads and that something writes again and again. */
export interface RotatingReference {
  readonly reference: SecretReference;
  readonly source: KubernetesSecretSource;
  readonly certain: boolean;
}

/** The rotating Secrets that a workload reads, in any way. */
export function rotatingReferencesOf(workload: Resource, graph: RotationGraph): readonly RotatingReference[] {
  return secretReferencesOf(podTemplateOf(workload)).flatMap((reference) => {
    const { certain, possible } = graph.sourcesOf(reference.name, namespaceOf(workload));
    const source = certain[0] ?? possible[0];
    return source ? [{ reference, source, certain: certain.length > 0 }] : [];
  });
}

/** Whether a workload reads a rotating Secret; `maybe` when that cannot be told before the deployment. */
export function readsRotatingSecret(workload: Resource, graph: RotationGraph): 'yes' | 'maybe' | 'no' {
  const references = rotatingReferencesOf(workload, graph).filter(({ reference }) => !reference.owner);
  if (references.some(({ certain }) => certain)) return 'yes';
  const open = graph.kubernetesSources.length > 0 && openPartOf(podTemplateOf(workload)) !== undefined;
  return references.length > 0 || open ? 'maybe' : 'no';
}

/** Whether a rotation restarts a workload, and the containers that read what is rotated. */
export interface Restarted {
  readonly is: 'yes' | 'no' | 'unknown';
  readonly containers: readonly string[];
}

/** A reload hook, or the operator that writes the Secret, restarts a workload after a rotation. */
export function restartedBy(workload: Resource, graph: RotationGraph): Restarted {
  const hook = reloadHookOf(workload).is;
  const open = graph.kubernetesSources.length > 0 && openPartOf(podTemplateOf(workload)) !== undefined;
  const found = rotatingReferencesOf(workload, graph)
    .filter(({ reference }) => !reference.owner)
    .map(({ reference, source, certain }) => {
      const restarted = hook === 'yes' ? 'yes' : restartsWorkload(source, workload);
      const unsure = !certain || hook === 'undecided' || restarted === 'unknown';
      return {
        container: reference.container,
        is: restarted === 'no' && hook === 'no' ? 'no' : unsure ? 'unknown' : 'yes',
      };
    })
    .filter(({ is }) => is !== 'no');
  const containers = [...new Set(found.map(({ container }) => container))];
  if (found.some(({ is }) => is === 'yes')) return { is: open ? 'unknown' : 'yes', containers };
  return { is: found.length > 0 || open ? 'unknown' : 'no', containers };
}
