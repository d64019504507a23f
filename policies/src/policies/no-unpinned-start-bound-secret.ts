import { typeTokens } from '@keyturn/plan';
import { at, text, type Resource, type Value } from '@keyturn/resources';
import {
  containerDefinitionsOf,
  ecsSecretsOf,
  keepsTasks,
  parseSecretArn,
  servicesOf,
  taskDefinitionTypes,
} from '../aws/ecs.js';
import { urnsBehind } from '../graph/matching.js';
import { namespaceOf, type RotationGraph } from '../graph/rotation-graph.js';
import { reloadHookOf } from '../kubernetes/reload-hooks.js';
import { nameIn, openPartOf, podTemplateOf, runningWorkloadTypes, secretReferencesOf } from '../kubernetes/workload.js';
import { formatPath, placeOf, select } from '../paths.js';
import { definePolicy, isOfType, pass, type PolicyContext, type Result } from '../policy.js';
import { truthOf } from '../truth.js';

/** Google: environment variables are resolved when an instance starts. Type → path of the list, and where the version stands in an entry. */
const googleEnvironments: Readonly<
  Record<string, { readonly list: readonly string[]; readonly entry: readonly string[]; readonly version: string }>
> = {
  'gcp:cloudrunv2/service:Service': {
    list: ['template', 'containers', '*', 'envs', '*'],
    entry: ['valueSource', 'secretKeyRef'],
    version: 'version',
  },
  'gcp:cloudrun/service:Service': {
    list: ['template', 'spec', 'containers', '*', 'envs', '*'],
    entry: ['valueFrom', 'secretKeyRef'],
    version: 'key',
  },
  'gcp:cloudfunctionsv2/function:Function': {
    list: ['serviceConfig', 'secretEnvironmentVariables', '*'],
    entry: [],
    version: 'version',
  },
  'gcp:cloudfunctions/function:Function': {
    list: ['secretEnvironmentVariables', '*'],
    entry: [],
    version: 'version',
  },
};

export const noUnpinnedStartBoundSecret = definePolicy({
  facts: {
    id: 'no-unpinned-start-bound-secret',
    summary: 'Disallow secrets that are read at start under a name that can mean another version tomorrow',
    severity: 'medium',
    breaks:
      'Instances started before and after a rotation disagree, a rollback does not bring the secret back, and no rollout follows a rotation.',
    fix: 'Name the version (the output of the resource that makes it), put its checksum into the pod template, or read it from a file.',
  },
  types: [...runningWorkloadTypes, ...taskDefinitionTypes, ...Object.keys(googleEnvironments)],
  needs: 'graph',
  check(context) {
    const { type } = context.resource;
    if (isOfType(type, taskDefinitionTypes)) return checkTask(context);
    return isOfType(type, runningWorkloadTypes) ? checkWorkload(context) : checkGoogle(context.resource);
  },
});

function checkWorkload({ resource, graph }: PolicyContext): Result | readonly Result[] {
  const results: Result[] = [];
  const seen = new Set<string>();
  for (const { how, owner, name, path, container } of secretReferencesOf(podTemplateOf(resource))) {
    if (owner || how === 'volume' || how === 'subPath') continue;
    // Where something is seen to write it again, `require-secret-refresh` has the judgement and the chain.
    if (graph.sourcesOf(name, namespaceOf(resource)).certain.length > 0) continue;
    const named = isNamedByContent(name, graph);
    if (named === 'yes') continue;
    const key = text(name) ?? path;
    if (seen.has(key)) continue;
    seen.add(key);

    const hook = reloadHookOf(resource);
    if (hook.is === 'yes') return pass;
    if (hook.is === 'undecided' || named === 'unknown') {
      const because =
        hook.is === 'undecided' ? hook.because : 'the name of the Secret it reads is not known before the deployment';
      results.push({ is: 'undecided', because: `${resource.name}: ${because}`, property: path });
      continue;
    }
    const place = placeOf(name);
    const shown = nameIn(name);
    const secret = shown === undefined ? `the Secret of \`${path}\`` : `Secret ${shown}`;
    results.push({
      is: 'fail',
      message: `Container ${container} of ${resource.name} reads ${secret} from the environment, once, at start, and its pod template stays the same when the Secret changes.`,
      property: path,
      ...(place ? { place } : {}),
    });
  }
  const open = openPartOf(podTemplateOf(resource));
  if (open !== undefined && reloadHookOf(resource).is !== 'yes') {
    const because = `${resource.name}: which Secrets \`${open}\` reads is not known before the deployment`;
    results.push({ is: 'undecided', because, property: open });
  }
  return results.length > 0 ? results : pass;
}

/** A name that changes with the content: the provider's own naming, Kustomize's hash, and Secrets that cannot be changed. */
function isNamedByContent(name: Value, graph: RotationGraph): 'yes' | 'no' | 'unknown' {
  const written = text(name);
  if (written !== undefined) {
    if (/-[bcdfghkmt2456789]{10}$|-[0-9a-f]{8}$/.test(written)) return 'yes';
    const immutable = graph
      .kubernetesSecretsNamed(written)
      .some(({ properties }) => truthOf(at(properties, 'immutable')) === 'on');
    return immutable ? 'yes' : 'no';
  }
  const makers = urnsBehind(name).flatMap((urn) => graph.byUrn(urn) ?? []);
  const secrets = makers.filter(({ type }) => type === typeTokens.kubernetesSecret);
  if (secrets.length === 0) return 'unknown';
  return secrets.every((maker) => at(maker.properties, 'metadata', 'name').kind === 'absent') ? 'yes' : 'unknown';
}

function checkTask({ resource, model, graph }: PolicyContext): Result | readonly Result[] {
  const services = servicesOf(model, resource);
  if (!keepsTasks(services)) return pass;
  const definitions = containerDefinitionsOf(resource);
  if (definitions.kind === 'unknown') {
    return {
      is: 'undecided',
      because: `${resource.name}: its container definitions are not known before the deployment`,
    };
  }
  const results: Result[] = [];
  for (const { from, container, variable, path } of ecsSecretsOf(definitions)) {
    const written = text(from);
    if (written === undefined) {
      if (from.kind === 'unknown') {
        results.push({
          is: 'undecided',
          because: `${resource.name}: where ${variable} of container ${container} comes from is not known before the deployment`,
          property: path,
        });
      }
      continue;
    }
    const arn = parseSecretArn(written);
    if (!arn || arn.version !== '' || isRotated(arn.arn, graph)) continue;
    const unsure = services.certain.length === 0;
    results.push(
      unsure
        ? {
            is: 'undecided',
            because: `${resource.name}: which service runs it is not known before the deployment`,
            property: path,
          }
        : {
            is: 'fail',
            message: `${variable} of container ${container} of ${resource.name} is read when a task starts, and names no version of its secret.`,
            property: path,
          },
    );
  }
  return results.length > 0 ? results : pass;
}

function isRotated(arn: string, graph: RotationGraph): boolean {
  return graph.rotatingAmong(graph.secrets.namedBy(arn).certain) !== undefined;
}

function checkGoogle(resource: Resource): Result | readonly Result[] {
  const where = googleEnvironments[resource.type];
  if (!where) return pass;
  const results: Result[] = [];
  for (const { path, value } of select(resource.properties, where.list)) {
    const reference = at(value, ...where.entry);
    if (reference.kind === 'absent') continue;
    const version = at(reference, where.version);
    if (reference.kind === 'unknown' || version.kind === 'unknown') {
      results.push({
        is: 'undecided',
        because: `${resource.name}: the version it reads is not known before the deployment`,
        property: formatPath(path),
      });
    } else if (version.kind === 'absent' || text(version) === 'latest') {
      results.push({
        is: 'fail',
        message: `\`${formatPath(path)}\` of ${resource.name} is read when an instance starts, and names no version of its secret.`,
        property: formatPath(path),
      });
    }
  }
  return results.length > 0 ? results : pass;
}
