import type { Resource } from '@keyturn/resources';
import type { KubernetesSecretSource } from '../graph/kubernetes-sources.js';
import { namespaceOf, type RotationGraph } from '../graph/rotation-graph.js';
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
