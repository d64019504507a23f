import { leaves, type Resource, type Value } from '@keyturn/resources';
import { taskDefinitionTypes } from '../aws/ecs.js';
import { runningWorkloadTypes } from '../kubernetes/workload.js';
import { formatPath, placeOf, select } from '../paths.js';
import { definePolicy, isOfType, pass, type Result } from '../policy.js';

/** Functions that give out the value of a secret. */
const fetches =
  /(secretsmanager\/getSecretVersion|secretsmanager:getSecret|ssm\/getParameter|keyvault[^:]*\/getSecret|secretmanager\/getSecretVersion|kv\/getSecret|generic\/getSecret)/i;

/** Type → where a value ends up in what runs. */
const destinations: readonly (readonly [types: readonly string[], paths: readonly string[]])[] = [
  [runningWorkloadTypes, ['spec.template.spec.containers.*.env.*.value', 'spec.template.spec.containers.*.args']],
  [['kubernetes:core/v1:Secret'], ['data', 'stringData']],
  [['aws:lambda/function:Function'], ['environment.variables']],
  [taskDefinitionTypes, ['containerDefinitions']],
  [['aws:apprunner/service:Service'], ['sourceConfiguration']],
  [
    ['aws:ec2/instance:Instance', 'aws:ec2/launchTemplate:LaunchTemplate'],
    ['userData', 'userDataBase64'],
  ],
  [['gcp:cloudrunv2/service:Service'], ['template.containers.*.envs.*.value']],
  [['gcp:cloudrun/service:Service'], ['template.spec.containers.*.envs.*.value']],
  [['azure-native:web*:WebApp'], ['siteConfig.appSettings']],
  [['azure-native:app*:ContainerApp'], ['configuration.secrets', 'template.containers.*.env']],
];

export const noSecretBakedAtDeploy = definePolicy({
  facts: {
    id: 'no-secret-baked-at-deploy',
    summary: 'Disallow workloads that hold a secret which the deployment fetched',
    severity: 'high',
    breaks:
      'A rotation reaches the workload with the next deployment, and not before; a rollback brings the withdrawn password back.',
    fix: 'Hand the workload a reference to the secret, and let it read the value itself.',
  },
  types: destinations.flatMap(([types]) => types),
  needs: 'graph',
  check({ resource }) {
    const results: Result[] = [];
    for (const [types, paths] of destinations) {
      if (!isOfType(resource.type, types)) continue;
      for (const pattern of paths) {
        for (const { path, value } of select(resource.properties, pattern.split('.')))
          results.push(...judge(resource, value, path));
      }
    }
    return results.length > 0 ? results : pass;
  },
});

function* judge(resource: Resource, value: Value, path: readonly (string | number)[]): Generator<Result> {
  for (const leaf of leaves(value, path)) {
    const { provenance } = leaf.value;
    const property = formatPath(leaf.path);
    if (provenance.kind === 'fetched-at-deploy' && fetches.test(provenance.token)) {
      const place = placeOf(leaf.value);
      yield {
        is: 'fail',
        message: `\`${property}\` of ${resource.name} is fetched while the program runs, and stays what it was until the next deployment.`,
        property,
        ...(place ? { place } : {}),
      };
    } else if (provenance.kind === 'unknown' && leaf.value.kind === 'unknown') {
      yield {
        is: 'undecided',
        because: `where \`${property}\` of ${resource.name} comes from is not known before the deployment`,
        property,
      };
    }
  }
}
