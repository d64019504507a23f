import { at, text } from '@keyturn/resources';
import { containerDefinitionsOf, ecsSecretsOf, parseSecretArn, taskDefinitionTypes } from '../aws/ecs.js';
import { definePolicy, fail, notKnown, pass, type Result } from '../policy.js';

export const awsSecretVersionPinned = definePolicy({
  facts: {
    id: 'aws-secret-version-pinned',
    summary: 'Disallow tasks that name one version, or a stage other than the current, of a rotated secret',
    severity: 'medium',
    breaks: 'Every new task starts with the version that was written down, which the second rotation withdraws.',
    fix: 'Name the version by the output of the resource that makes it, or leave it out and start new tasks after a rotation.',
  },
  types: taskDefinitionTypes,
  needs: 'graph',
  check({ resource, graph }) {
    const definitions = containerDefinitionsOf(resource);
    if (definitions.kind === 'unknown') {
      const isHidden = definitions.provenance.kind === 'unknown' && graph.rotatingSecrets.length > 0;
      return isHidden ? notKnown(resource, 'which versions its containers read', 'containerDefinitions') : pass;
    }
    const results: Result[] = [];
    for (const { from, container, variable, path } of ecsSecretsOf(definitions)) {
      const arn = parseSecretArn(text(from) ?? '');
      const pinned = arn !== undefined && (arn.version !== '' || !['', 'AWSCURRENT'].includes(arn.stage));
      if (from.kind === 'unknown' && from.provenance.kind === 'unknown' && graph.rotatingSecrets.length > 0) {
        results.push(notKnown(resource, `which version ${container} reads`, path));
      }
      if (!pinned) continue;
      const meant = graph.secrets.namedBy(arn.arn);
      if (graph.rotatingAmong(meant.certain)) {
        const what = arn.version === '' ? `the stage ${arn.stage}` : 'one version';
        results.push(
          fail(
            `${variable} of container ${container} of ${resource.name} is ${what} of a secret that is rotated.`,
            path,
            at(resource.properties, 'containerDefinitions'),
          ),
        );
      } else if (graph.mayRotate(meant)) results.push(notKnown(resource, 'whether its secret is rotated', path));
    }
    return results.length > 0 ? results : pass;
  },
});
