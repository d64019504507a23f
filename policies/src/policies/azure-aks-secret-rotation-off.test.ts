import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { azureAksSecretRotationOff } from './azure-aks-secret-rotation-off.js';

const samples = samplesOf('azure-aks-secret-rotation-off').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('azure-aks-secret-rotation-off', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(azureAksSecretRotationOff, model))).toEqual([
      ['fail: The Key Vault add-on of it reads a secret once.'],
      ['fail: The Key Vault add-on of it reads a secret once.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(azureAksSecretRotationOff, model))).toEqual([[], [], []]);
  });

  it('does not decide when `addonProfiles.azureKeyvaultSecretsProvider.enabled` is not known', () => {
    expect(
      says(
        azureAksSecretRotationOff,
        hidden(incorrect[0], 'it', ['addonProfiles', 'azureKeyvaultSecretsProvider', 'enabled']),
      ),
    ).toEqual(['undecided: it: whether its add-on reads secrets again is not known before the deployment']);
  });
});
