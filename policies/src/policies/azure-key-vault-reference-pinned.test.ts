import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { azureKeyVaultReferencePinned } from './azure-key-vault-reference-pinned.js';

const samples = samplesOf('azure-key-vault-reference-pinned').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('azure-key-vault-reference-pinned', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(azureKeyVaultReferencePinned, model))).toEqual([
      ['fail: `siteConfig.appSettings[0].value` of it refers to one version of a secret.'],
      ['fail: `configuration.secrets[0].keyVaultUrl` of it refers to one version of a secret.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(azureKeyVaultReferencePinned, model))).toEqual([[], []]);
  });

  it('does not decide when `siteConfig.appSettings.0.value` is not known', () => {
    expect(
      says(azureKeyVaultReferencePinned, hidden(incorrect[0], 'it', ['siteConfig', 'appSettings', 0, 'value'])),
    ).toEqual(['undecided: it: what `siteConfig.appSettings[0].value` refers to is not known before the deployment']);
  });
});
