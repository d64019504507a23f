import { at, items, number, text } from '@keyturn/resources';
import { formatPath, select } from '../paths.js';
import { definePolicy, fail, notKnown, pass, type Result } from '../policy.js';

/** Type → where its volumes stand, and what an item calls the version. */
const volumes: Readonly<Record<string, { readonly path: readonly string[]; readonly version: string }>> = {
  'gcp:cloudrunv2/service:Service': { path: ['template', 'volumes', '*', 'secret'], version: 'version' },
  'gcp:cloudrun/service:Service': { path: ['template', 'spec', 'volumes', '*', 'secret'], version: 'key' },
};

export const gcpSecretVolumePinned = definePolicy({
  facts: {
    id: 'gcp-secret-volume-pinned',
    summary: 'Disallow a written version in secrets that Cloud Run mounts as files',
    severity: 'medium',
    breaks:
      'The file is read from Secret Manager at every access, and has the old version every time: the rotation never arrives.',
    fix: 'Mount the version `latest`; name a version only in environment variables, which are read once.',
  },
  types: Object.keys(volumes),
  needs: 'resource',
  check({ resource }) {
    const where = volumes[resource.type];
    if (!where) return pass;
    const results: Result[] = [];
    for (const { path, value } of select(resource.properties, where.path)) {
      const entries = at(value, 'items');
      if (value.kind === 'unknown' || entries.kind === 'unknown') {
        results.push(notKnown(resource, 'which versions it mounts', formatPath(path)));
        continue;
      }
      for (const [index, entry] of items(entries).entries()) {
        const version = at(entry, where.version);
        const property = formatPath([...path, 'items', index, where.version]);
        const isPinned = number(version) !== undefined || /^\d+$/.test(text(version) ?? '');
        if (isPinned) results.push(fail(`${resource.name} mounts one version of a secret.`, property, version));
        else if (version.kind === 'unknown' && version.provenance.kind === 'unknown') {
          results.push(notKnown(resource, 'which version it mounts', property));
        }
      }
    }
    return results.length > 0 ? results : pass;
  },
});
