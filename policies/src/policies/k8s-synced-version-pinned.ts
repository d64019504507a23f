import { at, items, text, type Resource, type Value } from '@keyturn/resources';
import { isPlaceholder } from '../credential-names.js';
import { externalSecretTypes } from '../graph/kubernetes-sources.js';
import { formatPath, type Path } from '../paths.js';
import { definePolicy, fail, isOfType, notKnown, pass, type Result } from '../policy.js';

const staticSecretTypes = ['kubernetes:secrets.hashicorp.com/*:VaultStaticSecret'];

export const k8sSyncedVersionPinned = definePolicy({
  facts: {
    id: 'k8s-synced-version-pinned',
    summary: 'Disallow a written version in secrets that an operator brings into the cluster',
    severity: 'medium',
    breaks: 'The operator reads again and again, and gets the old version every time: the rotation never arrives.',
    fix: 'Leave the version out, so that the operator follows the current one.',
  },
  types: [...externalSecretTypes, ...staticSecretTypes],
  needs: 'resource',
  check({ resource }) {
    const results = isOfType(resource.type, staticSecretTypes)
      ? judge(resource, at(resource.properties, 'spec', 'version'), ['spec', 'version'])
      : checkExternal(resource);
    return results.length > 0 ? results : pass;
  },
});

function checkExternal(resource: Resource): readonly Result[] {
  const spec = at(resource.properties, 'spec');
  if (spec.kind === 'unknown') return [notKnown(resource, 'which versions it reads', 'spec')];
  if (isOneVersionForEver(spec)) return [];
  return [
    ['data', 'remoteRef'],
    ['dataFrom', 'extract'],
  ].flatMap(([list = '', reference = '']) => {
    const entries = at(spec, list);
    if (entries.kind === 'unknown') return [notKnown(resource, 'which versions it reads', `spec.${list}`)];
    return items(entries).flatMap((entry, index) =>
      judge(resource, at(entry, reference, 'version'), ['spec', list, index, reference, 'version']),
    );
  });
}

/** Read once, into a Secret that cannot change: workloads name the Secret of the version that they want, and the next version has one of its own. */
function isOneVersionForEver(spec: Value): boolean {
  const immutable = at(spec, 'target', 'immutable');
  return text(at(spec, 'refreshPolicy')) === 'OnChange' && immutable.kind === 'known' && immutable.value === true;
}

function judge(resource: Resource, version: Value, path: Path): readonly Result[] {
  const property = formatPath(path);
  if (version.kind === 'unknown') {
    return version.provenance.kind === 'unknown' ? [notKnown(resource, 'which version it reads', property)] : [];
  }
  if (version.kind !== 'known' || version.value === null) return [];
  const written = text(version) ?? String(version.value);
  const moves = /^(latest|current|AWSCURRENT|AWSPREVIOUS|uuid\/?)?$/i.test(written) || isPlaceholder(written);
  return moves ? [] : [fail(`${resource.name} reads one version that is written out.`, property, version)];
}
