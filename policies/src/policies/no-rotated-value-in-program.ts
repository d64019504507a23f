import { at, type Resource } from '@keyturn/resources';
import { isSecret } from '../graph/aws-rotations.js';
import { definePolicy, fail, notKnown, pass, type PolicyContext, type Result } from '../policy.js';
import { isWritten } from '../truth.js';

const awsVersion = 'aws:secretsmanager/secretVersion:SecretVersion';
const awsNativeSecret = 'aws-native:secretsmanager:Secret';
const kubernetesSecret = 'kubernetes:core/v1:Secret';

export const noRotatedValueInProgram = definePolicy({
  facts: {
    id: 'no-rotated-value-in-program',
    summary: 'Disallow programs that write a value which a rotation writes too',
    severity: 'high',
    breaks: 'The next deployment puts the withdrawn password back.',
    fix: 'Let one of them own it: add the property to `ignoreChanges`, or leave the value to the rotation.',
  },
  types: [awsVersion, awsNativeSecret, kubernetesSecret],
  needs: 'graph',
  check(context) {
    return context.resource.type === kubernetesSecret ? checkKubernetes(context) : checkAws(context);
  },
});

function checkAws({ resource, graph }: PolicyContext): Result {
  const property = ['secretString', 'secretBinary'].find((name) => at(resource.properties, name).kind !== 'absent');
  if (property === undefined || isWritten(at(resource.properties, property)) === 'no') return pass;
  if (ignores(resource, property)) return pass;
  const meant = isSecret(resource) ? { certain: [resource], possible: [] } : graph.secretsOf(resource, 'secretId');
  const rotated = graph.rotatingAmong(meant.certain);
  if (rotated) {
    const value = at(resource.properties, property);
    return fail(`${resource.name} writes \`${property}\` of ${rotated.name}, which is rotated.`, property, value);
  }
  return graph.mayRotate(meant) ? notKnown(resource, 'whether a rotation writes it too', property) : pass;
}

function checkKubernetes({ resource, graph }: PolicyContext): Result {
  const property = ['stringData', 'data'].find((name) => isWritten(at(resource.properties, name)) !== 'no');
  if (property === undefined || ignores(resource, property)) return pass;
  const metadata = at(resource.properties, 'metadata');
  if (metadata.kind === 'unknown' && graph.kubernetesSources.length > 0)
    return notKnown(resource, 'its name', 'metadata');
  const name = at(metadata, 'name');
  if (name.kind === 'absent') return pass;
  const others = graph.sourcesOf(name, at(metadata, 'namespace'));
  const source = others.certain.find(({ by, kind }) => by !== resource && kind !== 'keyturn');
  if (source) {
    return fail(
      `${resource.name} writes \`${property}\` of a Secret that ${source.title} writes too, ${source.refresh}.`,
      property,
      at(resource.properties, property),
    );
  }
  return others.possible.length > 0
    ? notKnown(resource, 'whether something else writes this Secret too', property)
    : pass;
}

function ignores({ ignoreChanges }: Resource, property: string): boolean {
  return ignoreChanges.some(
    (path) => path === property || path === '*' || path.startsWith(`${property}.`) || path.startsWith(`${property}[`),
  );
}
