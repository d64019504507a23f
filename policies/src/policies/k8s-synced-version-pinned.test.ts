import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sSyncedVersionPinned } from './k8s-synced-version-pinned.js';

const samples = samplesOf('k8s-synced-version-pinned').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-synced-version-pinned', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sSyncedVersionPinned, model))).toEqual([
      ['fail: db reads one version that is written out.'],
      ['fail: db reads one version that is written out.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sSyncedVersionPinned, model))).toEqual([[], []]);
  });

  it.each([
    {
      name: 'one version once, into a Secret that cannot change',
      refreshPolicy: 'OnChange',
      immutable: true,
      found: 0,
    },
    { name: 'one version again and again', refreshPolicy: 'Periodic', immutable: true, found: 1 },
    { name: 'one version into a Secret that can change', refreshPolicy: 'OnChange', immutable: false, found: 1 },
  ])('finds $found in an ExternalSecret that reads $name', ({ refreshPolicy, immutable, found }) => {
    const model = modelOfYaml(`
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: db }
spec:
  refreshPolicy: ${refreshPolicy}
  target: { name: db-1, immutable: ${immutable} }
  dataFrom: [{ extract: { key: app/db, version: uuid/1 } }]
`);
    expect(says(k8sSyncedVersionPinned, model)).toHaveLength(found);
  });

  it('does not decide when `spec.data` is not known', () => {
    expect(says(k8sSyncedVersionPinned, hidden(incorrect[0], 'db', ['spec', 'data']))).toEqual([
      'undecided: db: which versions it reads is not known before the deployment',
    ]);
  });
});
