import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { gcpSecretVolumePinned } from './gcp-secret-volume-pinned.js';

const samples = samplesOf('gcp-secret-volume-pinned').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('gcp-secret-volume-pinned', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(gcpSecretVolumePinned, model))).toEqual([
      ['fail: web mounts one version of a secret.'],
      ['fail: web mounts one version of a secret.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(gcpSecretVolumePinned, model))).toEqual([[], []]);
  });

  it('does not decide when `template.volumes` is not known', () => {
    expect(says(gcpSecretVolumePinned, hidden(incorrect[0], 'web', ['template', 'volumes']))).toEqual([
      'undecided: web: which versions it mounts is not known before the deployment',
    ]);
  });
});
