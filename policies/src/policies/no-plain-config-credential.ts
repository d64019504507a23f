import { leaves, type Value } from '@keyturn/resources';
import { formatPath, select, type Path } from '../paths.js';
import { definePolicy, fail, notKnown, pass, type PolicyContext, type Result } from '../policy.js';
import { sensitivePathsOf, typesWithSensitiveInputs } from '../sensitive-inputs.js';

export const noPlainConfigCredential = definePolicy({
  facts: {
    id: 'no-plain-config-credential',
    summary: 'Disallow credentials from configuration that is not secret',
    severity: 'medium',
    breaks:
      'The password stands in clear text in the file of the stack, in every commit since: a rotation leaves the old ones there, and the next one is added.',
    fix: 'Set it with `pulumi config set --secret`, and read it with `requireSecret`.',
    component: 'DualUserDatabaseRole',
  },
  types: typesWithSensitiveInputs,
  needs: 'graph',
  check(context) {
    const { resource } = context;
    const results = sensitivePathsOf(resource)
      .filter((pattern) => !isDocument(pattern))
      .flatMap((pattern) =>
        [...select(resource.properties, pattern)].flatMap(({ path, value }) => [...judge(context, path, value)]),
      );
    return results.length > 0 ? results : pass;
  },
});

/** What holds more than the credential: a user name in there may well be plain. */
function isDocument(pattern: readonly string[]): boolean {
  return /^(secret(String|Data|Binary)|dataJson)/.test(pattern.at(-1) ?? '');
}

function* judge({ resource, model }: PolicyContext, path: Path, value: Value): Generator<Result> {
  for (const leaf of leaves(value, path)) {
    const property = formatPath(leaf.path);
    const { provenance } = leaf.value;
    if (provenance.kind === 'unknown' && leaf.value.kind === 'unknown') {
      yield notKnown(resource, `where \`${property}\` comes from`, property);
    } else if (provenance.kind === 'plain-config') {
      yield model.secretMarks === 'hidden'
        ? notKnown(resource, `whether the configuration of \`${property}\` is secret`, property)
        : fail(
            `\`${property}\` of ${resource.name} comes from the configuration ${provenance.key}, which is read as plain text.`,
            property,
            leaf.value,
          );
    }
  }
}
