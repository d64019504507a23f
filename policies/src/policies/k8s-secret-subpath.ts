import { openPartOf, podTemplateOf, runningWorkloadTypes } from '../kubernetes/workload.js';
import { rotatingReferencesOf } from '../kubernetes/rotating.js';
import { definePolicy, fail, notKnown, pass, type Result } from '../policy.js';

export const k8sSecretSubpath = definePolicy({
  facts: {
    id: 'k8s-secret-subpath',
    summary: 'Disallow rotating Secrets that are mounted with a subPath',
    severity: 'high',
    breaks:
      'Kubernetes never updates a file that is mounted with subPath: the pod keeps the withdrawn password until it is replaced.',
    fix: 'Mount the whole volume into a folder of its own, and read the file in there.',
  },
  types: runningWorkloadTypes,
  needs: 'graph',
  check({ resource, graph }) {
    const results: Result[] = [];
    for (const { reference, source, certain } of rotatingReferencesOf(resource, graph)) {
      if (reference.how !== 'subPath') continue;
      results.push(
        certain
          ? fail(
              `${resource.name} mounts the Secret that ${source.title} writes ${source.refresh} with a subPath, so container ${reference.container} never sees the change.`,
              reference.path,
              reference.name,
            )
          : notKnown(resource, `whether the Secret at \`${reference.path}\` rotates`, reference.path),
      );
    }
    const open = graph.kubernetesSources.length === 0 ? undefined : openPartOf(podTemplateOf(resource));
    if (open !== undefined) results.push(notKnown(resource, `what stands at \`${open}\``, open));
    return results.length > 0 ? results : pass;
  },
});
