import { at, text } from '@keyturn/resources';
import { secretProviderClassTypes } from '../graph/kubernetes-sources.js';
import { isPlaceholder } from '../credential-names.js';
import { definePolicy, fail, notKnown, pass } from '../policy.js';

export const k8sCsiVersionPinned = definePolicy({
  facts: {
    id: 'k8s-csi-version-pinned',
    summary: 'Disallow a written version in secrets that the CSI driver mounts',
    severity: 'medium',
    breaks: 'The mount is read again and again, and gives the old version every time: the rotation never arrives.',
    fix: 'Leave `objectVersion` out, so that the driver follows the current version.',
  },
  types: secretProviderClassTypes,
  needs: 'resource',
  check({ resource }) {
    const parameters = at(resource.properties, 'spec', 'parameters');
    const objects = at(parameters, 'objects');
    if (objects.kind === 'unknown') return notKnown(resource, 'which versions it mounts', 'spec.parameters.objects');
    const versions = [...(text(objects) ?? '').matchAll(/objectVersion:[ \t]*["']?([^\s"'#]*)/g)].map(
      ([, version]) => version ?? '',
    );
    const pinned = versions.some((version) => version !== '' && version !== 'latest' && !isPlaceholder(version));
    return pinned
      ? fail(
          `SecretProviderClass ${resource.name} mounts a version that is written out.`,
          'spec.parameters.objects',
          objects,
        )
      : pass;
  },
});
