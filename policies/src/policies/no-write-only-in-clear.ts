import { leaves, type Provenance, type Value } from '@keyturn/resources';
import type { RotationGraph } from '../graph/rotation-graph.js';
import { formatPath, select, type Path } from '../paths.js';
import { definePolicy, fail, notKnown, pass, type PolicyContext, type Result } from '../policy.js';
import { sensitivePathsOf, typesWithSensitiveInputs } from '../sensitive-inputs.js';

export const noWriteOnlyInClear = definePolicy({
  facts: {
    id: 'no-write-only-in-clear',
    summary: 'Disallow write-only credentials that are not marked secret',
    severity: 'high',
    breaks:
      'The provider never reads it back, but Pulumi keeps the input: it stands in the state in clear text, and stays useful until the next rotation.',
    fix: 'Wrap it in `pulumi.secret`, or take it from `config.requireSecret`.',
    component: 'VaultDynamicDatabase',
  },
  types: typesWithSensitiveInputs,
  needs: 'graph',
  check(context) {
    const { resource } = context;
    const results = sensitivePathsOf(resource)
      .filter((pattern) => pattern.at(-1)?.endsWith('Wo') === true)
      .flatMap((pattern) =>
        [...select(resource.properties, pattern)].flatMap(({ path, value }) => [...judge(context, path, value)]),
      );
    return results.length > 0 ? results : pass;
  },
});

/** SDKs mark the write-only inputs of a resource secret by themselves, and not the ones in its blocks. */
function* judge({ resource, model, graph }: PolicyContext, path: Path, value: Value): Generator<Result> {
  if (path.length < 2 && value.kind !== 'unknown') return;
  for (const leaf of leaves(value, path)) {
    const { secret, provenance } = leaf.value;
    const property = formatPath(leaf.path);
    if (secret || isEmpty(leaf.value) || isMarkedByItsMaker(provenance, graph)) continue;
    const isOpen =
      provenance.kind === 'unknown' || provenance.kind === 'resource-output' || provenance.kind === 'fetched-at-deploy';
    yield model.secretMarks === 'hidden' || isOpen
      ? notKnown(resource, `whether \`${property}\` is marked secret`, property)
      : fail(`\`${property}\` of ${resource.name} is write-only, and is kept in clear text.`, property, leaf.value);
  }
}

function isEmpty(value: Value): boolean {
  return value.kind === 'known' && (value.value === '' || value.value === null);
}

/** Generators of passwords mark what they give as secret, and so does the configuration. */
function isMarkedByItsMaker(provenance: Provenance, graph: RotationGraph): boolean {
  if (provenance.kind === 'generated' || provenance.kind === 'secret-config') return true;
  if (provenance.kind !== 'resource-output') return false;
  return provenance.urns.every((urn) => graph.byUrn(urn)?.type.startsWith('random:') === true);
}
