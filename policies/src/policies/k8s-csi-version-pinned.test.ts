import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sCsiVersionPinned } from './k8s-csi-version-pinned.js';

const samples = samplesOf('k8s-csi-version-pinned').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-csi-version-pinned', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sCsiVersionPinned, model))).toEqual([
      ['fail: SecretProviderClass db mounts a version that is written out.'],
      ['fail: SecretProviderClass azure mounts a version that is written out.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sCsiVersionPinned, model))).toEqual([[], []]);
  });

  it('does not decide when `spec.parameters.objects` is not known', () => {
    expect(says(k8sCsiVersionPinned, hidden(incorrect[0], 'db', ['spec', 'parameters', 'objects']))).toEqual([
      'undecided: db: which versions it mounts is not known before the deployment',
    ]);
  });
});
