import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { azureKeyVaultKeyNoRotation } from './azure-key-vault-key-no-rotation.js';

const samples = samplesOf('azure-key-vault-key-no-rotation').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('azure-key-vault-key-no-rotation', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(azureKeyVaultKeyNoRotation, model))).toEqual([
      ['fail: The key it has no rotation policy.'],
      ['fail: The key it has no rotation policy.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(azureKeyVaultKeyNoRotation, model))).toEqual([[], []]);
  });

  it('does not decide when `properties` is not known', () => {
    expect(says(azureKeyVaultKeyNoRotation, hidden(incorrect[0], 'it', ['properties']))).toEqual([
      'undecided: it: whether it is rotated is not known before the deployment',
    ]);
  });
});
