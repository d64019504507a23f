import { at } from '@keyturn/resources';
import { restartedBy } from '../kubernetes/rotating.js';
import { containersOf, podTemplateOf, runningWorkloadTypes } from '../kubernetes/workload.js';
import { formatPath } from '../paths.js';
import { definePolicy, fail, notKnown, pass, type Result } from '../policy.js';
import { isWritten } from '../truth.js';

export const k8sRotationNeedsReadinessProbe = definePolicy({
  facts: {
    id: 'k8s-rotation-needs-readiness-probe',
    summary: 'Require a readiness probe where a rotation restarts the pods',
    severity: 'medium',
    breaks:
      'A pod that cannot log in with the new password counts as ready, so the rollout goes on and replaces the last one that could.',
    fix: 'Add a `readinessProbe` that fails while the application cannot use its database.',
    equivalents: ['CKV_K8S_9', 'C-0018', 'no-readiness-probe', 'readinessProbeMissing'],
  },
  types: runningWorkloadTypes,
  needs: 'graph',
  check({ resource, graph }) {
    const results: Result[] = [];
    const restarted = restartedBy(resource, graph);
    if (restarted.is === 'no') return pass;
    for (const container of containersOf(podTemplateOf(resource))) {
      const probe = at(container.value, 'readinessProbe');
      const written = isWritten(probe);
      if (!restarted.containers.includes(container.name) || written === 'yes') continue;
      const property = formatPath([...container.path, 'readinessProbe']);
      results.push(
        written === 'unknown' || restarted.is === 'unknown'
          ? notKnown(
              resource,
              `whether container ${container.name} is asked when it is ready after a rotation`,
              property,
            )
          : fail(
              `Container ${container.name} of ${resource.name} is restarted by a rotation, and nothing asks whether it is ready.`,
              property,
              container.value,
            ),
      );
    }
    return results.length > 0
      ? results
      : restarted.is === 'unknown' && restarted.containers.length === 0
        ? notKnown(resource, 'whether a rotation restarts it', 'spec.template')
        : pass;
  },
});
