import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sExternalSecretNotRefreshed } from './k8s-external-secret-not-refreshed.js';

const samples = samplesOf('k8s-external-secret-not-refreshed').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-external-secret-not-refreshed', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sExternalSecretNotRefreshed, model))).toEqual([
      ['fail: ExternalSecret db is read once, and never again.'],
      ['fail: ExternalSecret db is refreshed every 30d, and the limit is 1d.'],
      ['fail: ExternalSecret db is read once, when it is created.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sExternalSecretNotRefreshed, model))).toEqual([[], []]);
  });

  it('does not decide when `spec.refreshInterval` is not known', () => {
    expect(says(k8sExternalSecretNotRefreshed, hidden(incorrect[0], 'db', ['spec', 'refreshInterval']))).toEqual([
      'undecided: db: how often it is refreshed is not known before the deployment',
    ]);
  });
});
