import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sRotatedSecretImmutable } from './k8s-rotated-secret-immutable.js';

const samples = samplesOf('k8s-rotated-secret-immutable').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-rotated-secret-immutable', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sRotatedSecretImmutable, model))).toEqual([
      ['fail: Secret db is immutable, and ExternalSecret db writes it again.'],
      ['fail: ExternalSecret db writes a Secret again that it made immutable.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sRotatedSecretImmutable, model))).toEqual([[], []]);
  });

  it('does not decide when `metadata.name` is not known', () => {
    expect(says(k8sRotatedSecretImmutable, hidden(incorrect[0], 'db', ['metadata', 'name']))).toEqual([
      'undecided: db: whether it is immutable and rotated is not known before the deployment',
    ]);
  });
});
