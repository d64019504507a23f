import { text, type Place, type Resource } from '@keyturn/resources';
import {
  containerDefinitionsOf,
  ecsSecretsOf,
  keepsTasks,
  parseSecretArn,
  servicesOf,
  taskDefinitionTypes,
} from '../aws/ecs.js';
import { restartsWorkload, type KubernetesSecretSource } from '../graph/kubernetes-sources.js';
import { namespaceOf } from '../graph/rotation-graph.js';
import { agentOf } from '../kubernetes/agent.js';
import { reloadHookOf } from '../kubernetes/reload-hooks.js';
import {
  nameIn,
  openPartOf,
  podTemplateOf,
  runningWorkloadTypes,
  secretReferencesOf,
  type SecretReference,
} from '../kubernetes/workload.js';
import { placeOf } from '../paths.js';
import { definePolicy, isOfType, notKnown, pass, type PolicyContext, type Result } from '../policy.js';

export const requireSecretRefresh = definePolicy({
  facts: {
    id: 'require-secret-refresh',
    summary: 'Require workloads that read a rotating secret at start to be restarted when it changes',
    severity: 'high',
    breaks: 'The workload keeps the withdrawn password until somebody restarts it; new connections are refused.',
    fix: 'Restart it when the secret changes (a reloader annotation, rolloutRestartTargets, a checksum in the pod template, triggers of the ECS service), or read the secret from a file.',
    equivalents: ['CKV_K8S_35', 'read-secret-from-env-var'],
  },
  types: [...runningWorkloadTypes, ...taskDefinitionTypes],
  needs: 'graph',
  check(context) {
    return isOfType(context.resource.type, taskDefinitionTypes) ? checkTask(context) : checkWorkload(context);
  },
});

function checkWorkload({ resource, graph }: PolicyContext): Result | readonly Result[] {
  const references = secretReferencesOf(podTemplateOf(resource)).filter(
    ({ how, owner }) => !owner && (how === 'env' || how === 'envFrom'),
  );
  const results: Result[] = [];
  const seen = new Set<Resource>();
  for (const reference of references) {
    const { certain, possible } = graph.sourcesOf(reference.name, namespaceOf(resource));
    const source = certain[0] ?? possible[0];
    if (!source || seen.has(source.by)) continue;
    seen.add(source.by);
    const result = judge(resource, reference, source, certain.length > 0);
    if (result) results.push(result);
  }
  const agent = agentOf(resource);
  if (agent.is !== 'no' && reloadHookOf(resource).is !== 'yes') {
    if (agent.is === 'unknown') results.push(notKnown(resource, 'what the agent of Vault renders', agent.property));
    else if (agent.once && agent.changes) {
      const message = `${resource.name} does not notice a rotation: the agent of Vault renders its login once, before the containers start → nothing renders it again.`;
      results.push({ is: 'fail', message, property: agent.property });
    }
  }
  const open = graph.kubernetesSources.length === 0 ? undefined : openPartOf(podTemplateOf(resource));
  if (open !== undefined && reloadHookOf(resource).is !== 'yes') {
    const because = `${resource.name}: which Secrets \`${open}\` reads is not known before the deployment`;
    results.push({ is: 'undecided', because, property: open });
  }
  return results.length > 0 ? results : pass;
}

function judge(
  workload: Resource,
  reference: SecretReference,
  source: KubernetesSecretSource,
  certain: boolean,
): Result | undefined {
  const hook = reloadHookOf(workload);
  const restarted = restartsWorkload(source, workload);
  if (hook.is === 'yes' || (restarted === 'yes' && certain)) return undefined;
  const open = (because: string): Result => ({
    is: 'undecided',
    because: `${workload.name}: ${because}`,
    property: reference.path,
  });
  if (hook.is === 'undecided') return open(hook.because);
  if (!certain)
    return open(`whether it reads the Secret that ${source.title} writes is not known before the deployment`);
  if (restarted === 'unknown')
    return open(`which workloads ${source.title} restarts is not known before the deployment`);

  const secret = nameIn(reference.name);
  const related: { message: string; place: Place }[] = [];
  if (source.by.place)
    related.push({ message: `${source.title} writes the Secret again ${source.refresh}.`, place: source.by.place });
  const place = placeOf(reference.name);
  return {
    is: 'fail',
    message:
      `${workload.name} does not notice a rotation: ${source.title} writes ${secret === undefined ? 'the Secret' : `Secret ${secret}`} again ` +
      `${source.refresh} → container ${reference.container} reads it from the environment, once, at start → nothing restarts it.`,
    property: reference.path,
    ...(place ? { place } : {}),
    related,
  };
}

function checkTask({ resource, model, graph }: PolicyContext): Result | readonly Result[] {
  const rotating = graph.rotatingSecrets;
  if (rotating.length === 0) return pass;
  const services = servicesOf(model, resource);
  if (!keepsTasks(services)) return pass;

  const definitions = containerDefinitionsOf(resource);
  if (definitions.kind === 'unknown') {
    const urns = resource.propertyDependencies.get('containerDefinitions') ?? [];
    const made = urns.flatMap((urn) => graph.byUrn(urn) ?? []);
    const suspect = urns.length === 0 ? rotating[0] : graph.rotatingAmong(made);
    return suspect
      ? {
          is: 'undecided',
          because: `${resource.name}: whether its containers read ${suspect.name} is not known before the deployment`,
        }
      : pass;
  }
  const results: Result[] = [];
  for (const { from, container, variable, path } of ecsSecretsOf(definitions)) {
    const written = text(from);
    const arn = written === undefined ? undefined : parseSecretArn(written);
    if (arn !== undefined && arn.version !== '') continue;
    const meant = arn === undefined ? graph.secrets.meantBy(from) : graph.secrets.namedBy(arn.arn);
    const certain = graph.rotatingAmong(meant.certain);
    const secret = certain ?? graph.rotatingAmong(meant.possible);
    if (!secret) continue;
    const unsure = certain === undefined || services.certain.length === 0;
    results.push(
      unsure
        ? notKnown(resource, `whether ${container} reads ${secret.name}`, path)
        : {
            is: 'fail',
            message:
              `${resource.name} does not notice a rotation: ${secret.name} is rotated → ECS puts it into ${variable} of container ` +
              `${container} when a task starts → nothing starts new tasks.`,
            property: path,
            ...(secret.place ? { related: [{ message: `${secret.name} is rotated.`, place: secret.place }] } : {}),
          },
    );
  }
  return results.length > 0 ? results : pass;
}
