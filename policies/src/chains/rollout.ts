import { at, items, number, text, type Resource, type Value } from '@keyturn/resources';
import type { Bound, ChainLink } from './rotation-chain.js';
import { placeOf } from '../paths.js';
import { podTemplateOf } from '../kubernetes/workload.js';

const second = 1_000;
const defaultGraceSeconds = 30;

/** The shortest time in which all pods are replaced: what is written is counted, and nothing else, so the real one is longer. */
export function rolloutOf(workload: Resource): ChainLink {
  const spec = at(workload.properties, 'spec');
  const pods = at(spec, 'replicas');
  const wanted = number(pods) ?? 1;
  const perPod = readySeconds(workload);
  const batch = workload.type.endsWith(':DaemonSet') ? undefined : batchOf(workload, wanted);
  const open = pods.kind === 'unknown' || perPod === undefined || batch === 'unknown';
  const waves = batch === undefined || batch === 'unknown' ? 1 : Math.ceil(wanted / batch);
  const bound: Bound = open
    ? { is: 'unknown', because: 'not known before the deployment' }
    : { is: 'time', ms: waves * perPod * second };
  return { kind: 'rollout', part: 'rollout', name: `rollout of ${workload.name}`, bound, ...placed(workload) };
}

/** How long a pod that was told to end goes on. */
export function graceOf(workload: Resource): ChainLink {
  const seconds = at(podTemplateOf(workload).spec, 'terminationGracePeriodSeconds');
  const place = placeOf(seconds) ?? workload.place;
  const bound: Bound =
    seconds.kind === 'unknown'
      ? { is: 'unknown', because: 'not known before the deployment' }
      : { is: 'time', ms: (number(seconds) ?? defaultGraceSeconds) * second };
  return { kind: 'process', part: 'grace', name: 'grace period', bound, ...(place ? { place } : {}) };
}

/** Seconds from the start of a pod until it counts as available, at the least. */
function readySeconds(workload: Resource): number | undefined {
  const minimum = at(workload.properties, 'spec', 'minReadySeconds');
  const containers = at(podTemplateOf(workload).spec, 'containers');
  const delays = items(containers).map((container) => at(container, 'readinessProbe', 'initialDelaySeconds'));
  if ([minimum, containers, ...delays].some(({ kind }) => kind === 'unknown')) return undefined;
  return Math.max(0, ...delays.map((delay) => number(delay) ?? 0)) + (number(minimum) ?? 0);
}

/** How many pods are replaced at a time. A StatefulSet goes one by one. */
function batchOf(workload: Resource, pods: number): number | 'unknown' {
  if (workload.type.endsWith(':StatefulSet')) return 1;
  const strategy = at(workload.properties, 'spec', 'strategy');
  const type = at(strategy, 'type');
  if (text(type) === 'Recreate') return Math.max(1, pods);
  const surge = share(at(strategy, 'rollingUpdate', 'maxSurge'), pods, Math.ceil);
  const unavailable = share(at(strategy, 'rollingUpdate', 'maxUnavailable'), pods, Math.floor);
  if (type.kind === 'unknown' || surge === undefined || unavailable === undefined) return 'unknown';
  return Math.max(1, surge + unavailable);
}

/** A count, or a percentage, of which Kubernetes takes 25 % where none is written. */
function share(value: Value, pods: number, round: (pods: number) => number): number | undefined {
  if (value.kind === 'unknown') return undefined;
  const count = number(value);
  if (count !== undefined) return count;
  const percent = Number(/^(\d+)%$/.exec(text(value) ?? '25%')?.[1] ?? 25);
  return round((pods * percent) / 100);
}

function placed({ place }: Resource): Pick<ChainLink, 'place'> {
  return place ? { place } : {};
}
