import { at, items, number, type Value } from '@keyturn/resources';
import { containersOf, podTemplateOf, workloadTypes } from '../kubernetes/workload.js';
import { formatPath } from '../paths.js';
import { definePolicy, fail, notKnown, pass, type Result } from '../policy.js';

const defaultGraceSeconds = 30;

export const k8sPrestopOutlivesGrace = definePolicy({
  facts: {
    id: 'k8s-prestop-outlives-grace',
    summary: 'Require a preStop hook to end before the grace period does',
    severity: 'medium',
    breaks:
      'When a rotation restarts the pods, each is killed in the middle of its queries: the hook has used up the time to finish them.',
    fix: 'Raise `terminationGracePeriodSeconds` above the hook plus the longest query, or shorten the hook.',
  },
  types: workloadTypes,
  needs: 'resource',
  check({ resource }) {
    const results: Result[] = [];
    const template = podTemplateOf(resource);
    const grace = at(template.spec, 'terminationGracePeriodSeconds');
    if (template.spec.kind === 'unknown' || at(template.spec, 'containers').kind === 'unknown') {
      return notKnown(resource, 'its pod template', formatPath(template.specPath));
    }
    for (const container of containersOf(template)) {
      const hook = at(container.value, 'lifecycle', 'preStop');
      const seconds = secondsOf(hook);
      const property = formatPath([...container.path, 'lifecycle', 'preStop']);
      if (seconds === 'unknown' || (seconds !== undefined && grace.kind === 'unknown')) {
        results.push(notKnown(resource, `how long container ${container.name} takes to stop`, property));
        continue;
      }
      const allowed = number(grace) ?? defaultGraceSeconds;
      if (seconds === undefined || seconds < allowed) continue;
      results.push(
        fail(
          `The preStop hook of container ${container.name} in ${resource.name} sleeps ${seconds} s, and the pod is killed after ${allowed} s.`,
          property,
          hook,
        ),
      );
    }
    return results.length > 0 ? results : pass;
  },
});

/** Seconds that a hook sleeps: `sleep: { seconds }`, or a command that is nothing but a sleep or ends in one. */
function secondsOf(hook: Value): number | 'unknown' | undefined {
  const sleep = at(hook, 'sleep', 'seconds');
  const command = at(hook, 'exec', 'command');
  if (sleep.kind === 'unknown' || command.kind === 'unknown') return 'unknown';
  const direct = number(sleep);
  if (direct !== undefined) return direct;
  const words = items(command);
  if (words.some(({ kind }) => kind === 'unknown')) return 'unknown';
  const line = words.map((word) => (word.kind === 'known' ? String(word.value) : '')).join(' ');
  const all = [...line.matchAll(/(?:^|[\s;&"'])(?:\/bin\/|\/usr\/bin\/)?sleep\s+(\d+)s?(?=$|[\s;&"'])/g)];
  return all.length === 0 ? undefined : all.reduce((sum, [, seconds]) => sum + Number(seconds), 0);
}
