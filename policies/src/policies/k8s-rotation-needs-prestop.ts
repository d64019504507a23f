import { at } from '@keyturn/resources';
import { restartedBy } from '../kubernetes/rotating.js';
import { containersOf, podTemplateOf, runningWorkloadTypes } from '../kubernetes/workload.js';
import { formatPath } from '../paths.js';
import { definePolicy, fail, notKnown, pass, type Result } from '../policy.js';
import { isWritten } from '../truth.js';

export const k8sRotationNeedsPrestop = definePolicy({
  facts: {
    id: 'k8s-rotation-needs-prestop',
    summary: 'Require a preStop hook where a rotation restarts pods that serve',
    severity: 'low',
    breaks: 'Requests still arrive for a moment after a pod was told to end, at every rotation.',
    fix: 'Add a `preStop` hook that waits a few seconds, shorter than the grace period.',
  },
  types: runningWorkloadTypes,
  needs: 'graph',
  check({ resource, graph }) {
    const results: Result[] = [];
    const restarted = restartedBy(resource, graph);
    if (restarted.is === 'no') return pass;
    for (const container of containersOf(podTemplateOf(resource))) {
      const serves = isWritten(at(container.value, 'ports'));
      const hook = isWritten(at(container.value, 'lifecycle', 'preStop'));
      if (!restarted.containers.includes(container.name) || serves === 'no' || hook === 'yes') continue;
      const property = formatPath([...container.path, 'lifecycle', 'preStop']);
      results.push(
        hook === 'unknown' || serves === 'unknown' || restarted.is === 'unknown'
          ? notKnown(resource, `whether container ${container.name} waits before it ends`, property)
          : fail(
              `Container ${container.name} of ${resource.name} serves, is restarted by a rotation, and ends at once.`,
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
