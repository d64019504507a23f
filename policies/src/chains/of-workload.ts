import { annotations } from '@keyturn/plan';
import { absent, at, items, type Resource, type Value } from '@keyturn/resources';
import { goDurationMs, restartsWorkload, type KubernetesSecretSource } from '../graph/kubernetes-sources.js';
import { namespaceOf } from '../graph/rotation-graph.js';
import { agentOf } from '../kubernetes/agent.js';
import { reloadHookOf } from '../kubernetes/reload-hooks.js';
import { rotatingReferencesOf } from '../kubernetes/rotating.js';
import { mountedClassesOf, nameIn, openPartOf, podTemplateOf } from '../kubernetes/workload.js';
import { notKnown, type PolicyContext, type Result } from '../policy.js';
import { declaredOverlapOf, notDeclared, overlapOf } from './overlap.js';
import { poolLinkOf, variableOf } from './pool-lifetime.js';
import { judgeChain, type ChainLink } from './rotation-chain.js';
import { graceOf, rolloutOf } from './rollout.js';

/** The kubelet looks at mounted Secrets once a minute where nobody changed `syncFrequency`. */
const kubeletSync: ChainLink = {
  kind: 'sync',
  part: 'refresh',
  name: 'kubelet sync',
  bound: { is: 'time', ms: 60_000 },
};
/** The CSI driver looks every two minutes where nobody changed `rotationPollInterval`. */
const csiPollMs = 120_000;
/** The agent renders a static secret every five minutes where `template-static-secret-render-interval` does not say otherwise. */
const agentRenderMs = 300_000;

/** Every chain that ends in a workload of Kubernetes: by Secret, by a volume of the CSI driver, by the agent of Vault. */
export function judgeWorkload(context: PolicyContext): readonly Result[] {
  return [...bySecret(context), ...byCsiVolume(context), ...byAgent(context)];
}

function* bySecret({ resource, graph }: PolicyContext): Generator<Result> {
  const seen = new Set<Resource>();
  const open = graph.kubernetesSources.length === 0 ? undefined : openPartOf(podTemplateOf(resource));
  if (open !== undefined) yield notKnown(resource, `what stands at \`${open}\``, open);
  for (const { reference, source, certain } of rotatingReferencesOf(resource, graph)) {
    if (reference.owner || seen.has(source.by)) continue;
    const links = linksOf(resource, reference.how === 'volume', source);
    if (links === undefined) continue;
    seen.add(source.by);
    if (!certain) yield notKnown(resource, `whether the Secret at \`${reference.path}\` rotates`, reference.path);
    else if (links === 'unknown') yield notKnown(resource, 'what restarts it', reference.path);
    else yield judgeChain(resource, overlapOf(source, graph), links, reference.path);
  }
}

/** `undefined` where nothing brings a new version to the workload: `require-secret-refresh` and `k8s-secret-subpath` say that. */
function linksOf(
  workload: Resource,
  isLive: boolean,
  source: KubernetesSecretSource,
): readonly ChainLink[] | 'unknown' | undefined {
  const refresh = refreshOf(source);
  const hook = reloadHookOf(workload).is;
  const restarted = restartsWorkload(source, workload);
  if (hook === 'yes' || restarted === 'yes') return [refresh, rolloutOf(workload), graceOf(workload)];
  if (hook === 'undecided' || restarted === 'unknown') return 'unknown';
  return isLive ? [refresh, kubeletSync, poolOf(workload)] : undefined;
}

function refreshOf({
  by,
  kind,
  title,
  refreshMs,
}: Pick<KubernetesSecretSource, 'by' | 'kind' | 'title' | 'refreshMs'>): ChainLink {
  const ms = kind === 'csi' ? csiPollMs : refreshMs;
  return {
    kind: 'sync',
    part: 'refresh',
    name: `refresh of ${title}`,
    bound: ms === undefined ? { is: 'unknown', because: 'not known before the deployment' } : { is: 'time', ms },
    ...(by.place ? { place: by.place } : {}),
  };
}

/** A volume of the CSI driver is filled from the store itself, without a Secret. */
function* byCsiVolume({ resource, graph }: PolicyContext): Generator<Result> {
  for (const { name, path } of mountedClassesOf(podTemplateOf(resource))) {
    const { certain, possible } = graph.providerClasses.find(name, namespaceOf(resource));
    const [by] = certain;
    if (by) {
      const source = { by, title: `SecretProviderClass ${nameIn(name) ?? by.name}`, kind: 'csi' as const };
      yield judgeChain(resource, overlapOf(source, graph), [refreshOf(source), poolOf(resource)], path);
    } else if (possible.length > 0) yield notKnown(resource, `which SecretProviderClass \`${path}\` names`, path);
  }
}

/** A file that the agent of Vault renders again; `require-secret-refresh` speaks about one that it renders once. */
function* byAgent({ resource }: PolicyContext): Generator<Result> {
  const agent = agentOf(resource);
  if (agent.is === 'no' || (agent.is === 'yes' && agent.once)) return;
  if (agent.is === 'unknown') yield notKnown(resource, 'what the agent of Vault renders', agent.property);
  else {
    const render = agent.interval.kind === 'absent' ? agentRenderMs : goDurationMs(agent.interval);
    const refresh: ChainLink = {
      kind: 'sync',
      part: 'refresh',
      name: 'agent of Vault',
      bound:
        render === undefined
          ? { is: 'unknown', because: 'not known before the deployment' }
          : { is: 'time', ms: render },
      ...(resource.place ? { place: resource.place } : {}),
    };
    const origin = { by: resource, title: `the agent of Vault in ${resource.name}` };
    const overlap = declaredOverlapOf(origin) ?? notDeclared(origin);
    yield judgeChain(resource, overlap, [refresh, poolOf(resource)], agent.property);
  }
}

function poolOf(workload: Resource): ChainLink {
  const template = podTemplateOf(workload);
  const annotated: Value[] = [at(workload.properties, 'metadata'), template.metadata].map((metadata) =>
    at(metadata, 'annotations', annotations.poolLifetime),
  );
  const environment = items(at(template.spec, 'containers')).flatMap((container) =>
    items(at(container, 'env')).flatMap((entry) => variableOf(at(entry, 'name'), at(entry, 'value'))),
  );
  return poolLinkOf(workload, annotated.find(({ kind }) => kind !== 'absent') ?? absent, environment);
}
