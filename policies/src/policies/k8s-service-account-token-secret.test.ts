import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sServiceAccountTokenSecret } from './k8s-service-account-token-secret.js';

const samples = samplesOf('k8s-service-account-token-secret').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-service-account-token-secret', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sServiceAccountTokenSecret, model))).toEqual([
      ['fail: Secret ci asks for a token that never expires.'],
      ['fail: Secret ci asks for a token that never expires.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sServiceAccountTokenSecret, model))).toEqual([[], []]);
  });

  it('does not decide when `type` is not known', () => {
    expect(says(k8sServiceAccountTokenSecret, hidden(incorrect[0], 'ci', ['type']))).toEqual([
      'undecided: ci: its type is not known before the deployment',
    ]);
  });
});
