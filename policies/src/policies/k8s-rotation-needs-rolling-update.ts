import { at, number, text, type Resource } from '@keyturn/resources';
import { reloadHookOf } from '../kubernetes/reload-hooks.js';
import { readsRotatingSecret } from '../kubernetes/rotating.js';
import { definePolicy, fail, notKnown, pass } from '../policy.js';

export const k8sRotationNeedsRollingUpdate = definePolicy({
  facts: {
    id: 'k8s-rotation-needs-rolling-update',
    summary: 'Require deployments that a rotation restarts to be replaced one after the other',
    severity: 'high',
    breaks: 'Every rotation is an outage: all pods end before the first new one is ready.',
    fix: 'Use the strategy `RollingUpdate` with `maxUnavailable` below the number of replicas.',
    equivalents: ['no-rolling-update-strategy'],
  },
  types: ['kubernetes:apps/*:Deployment'],
  needs: 'graph',
  check({ resource, graph }) {
    const stops = allAtOnce(resource);
    if (stops === undefined) return pass;
    const reads = readsRotatingSecret(resource, graph);
    if (reads === 'no') return pass;
    const hook = reloadHookOf(resource);
    if (reads === 'maybe' || stops === 'unknown')
      return notKnown(resource, 'whether a rotation stops all of its pods', 'spec.strategy');
    const when = hook.is === 'yes' ? 'when its Secret changes' : 'when it is restarted after a rotation';
    return fail(`${resource.name} ${stops} ${when}.`, 'spec.strategy', at(resource.properties, 'spec', 'strategy'));
  },
});

function allAtOnce({ properties }: Resource): string | undefined {
  const strategy = at(properties, 'spec', 'strategy');
  const type = at(strategy, 'type');
  const unavailable = at(strategy, 'rollingUpdate', 'maxUnavailable');
  if ([strategy, type, unavailable].some(({ kind }) => kind === 'unknown')) return 'unknown';
  if (text(type) === 'Recreate') return 'stops all of its pods at once';
  const replicas = at(properties, 'spec', 'replicas');
  const share = /^(\d+)%$/.exec(text(unavailable) ?? '')?.[1];
  const count = number(unavailable);
  const pods = number(replicas) ?? 1;
  if (share !== undefined && Number(share) >= 100) return `may stop ${share}% of its pods at once`;
  if (count !== undefined && count > 0) {
    if (replicas.kind === 'unknown') return 'unknown';
    if (count >= pods) return `may stop ${count} of its ${pods} pods at once`;
  }
  return undefined;
}
