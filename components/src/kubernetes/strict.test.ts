import { describe, expect, it } from 'vitest';

import { missingSchemaOf, problemsOf } from './strict.testing.js';

const deployment = (container: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', labels: { any: 'label' }, annotations: { any: 'annotation' } },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', ...container }] } },
  },
});

describe('a check against the published schemas', () => {
  it('takes what the API server takes', () => {
    expect(problemsOf(deployment({ image: 'web', ports: [{ containerPort: 80 }] }))).toEqual([]);
  });

  it('finds a property that the schema does not have, however deep', () => {
    expect(problemsOf(deployment({ lifecycle: { preStop: { exec: { comand: ['x'] } } } }))).toEqual([
      '/spec/template/spec/containers/0/lifecycle/preStop/exec/comand is not known',
    ]);
  });

  it('finds a wrong type', () => {
    expect(problemsOf(deployment({ image: 3 }))[0]).toContain('containers/0/image must be string');
  });

  it('does not pass over a kind that it has no schema of', () => {
    expect(problemsOf({ apiVersion: 'v9', kind: 'Deployment' })).toEqual(['there is no schema of v9 Deployment']);
  });

  it.for(['VaultStaticSecret', 'SecretProviderClass'])('finds an unknown property of a %s', (kind, context) => {
    const missing = missingSchemaOf(kind);
    if (missing !== undefined) context.skip(missing);
    const apiVersion = kind === 'VaultStaticSecret' ? 'secrets.hashicorp.com/v1beta1' : 'secrets-store.csi.x-k8s.io/v1';
    expect(problemsOf({ apiVersion, kind, metadata: {}, spec: { refreshAfterwards: '1h' } }).join()).toContain(
      '"additionalProperty":"refreshAfterwards"',
    );
  });
});
