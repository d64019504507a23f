import { formatDuration } from '@keyturn/plan';
import { at, text } from '@keyturn/resources';
import { externalSecretTypes, goDurationMs, isNever } from '../graph/kubernetes-sources.js';
import { closed } from '../options.js';
import { definePolicy, fail, notKnown, pass } from '../policy.js';

const hour = 3_600_000;

export const k8sExternalSecretNotRefreshed = definePolicy<{ readonly maxHours: number }>({
  facts: {
    id: 'k8s-external-secret-not-refreshed',
    summary: 'Require ExternalSecrets to be refreshed, and often enough',
    severity: 'high',
    breaks: 'The cluster keeps the withdrawn password until somebody deletes the Secret.',
    fix: 'Set `refreshInterval` below the time in which both passwords work.',
  },
  types: externalSecretTypes,
  needs: 'resource',
  options: closed({
    maxHours: {
      type: 'number',
      description: 'Longest time between two refreshes, in hours.',
      minimum: 0.01,
      maximum: 8760,
      default: 24,
    },
  }),
  check({ resource, options }) {
    const policy = at(resource.properties, 'spec', 'refreshPolicy');
    const interval = at(resource.properties, 'spec', 'refreshInterval');
    if (text(policy) === 'CreatedOnce') {
      return fail(`ExternalSecret ${resource.name} is read once, when it is created.`, 'spec.refreshPolicy', policy);
    }
    if (text(policy) === 'OnChange') return pass;
    if (policy.kind === 'unknown' || interval.kind === 'unknown')
      return notKnown(resource, 'how often it is refreshed', 'spec.refreshInterval');
    if (isNever(interval))
      return fail(`ExternalSecret ${resource.name} is read once, and never again.`, 'spec.refreshInterval', interval);
    const ms = goDurationMs(interval);
    return ms === undefined || ms <= options.maxHours * hour
      ? pass
      : fail(
          `ExternalSecret ${resource.name} is refreshed every ${formatDuration(ms)}, and the limit is ${formatDuration(options.maxHours * hour)}.`,
          'spec.refreshInterval',
          interval,
        );
  },
});
