import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { azureStorageKeyNoExpiry } from './azure-storage-key-no-expiry.js';

const samples = samplesOf('azure-storage-key-no-expiry').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('azure-storage-key-no-expiry', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(azureStorageKeyNoExpiry, model))).toEqual([
      ['fail: The keys of files never expire.'],
      ['fail: The keys of files expire after 91 days, and the limit is 90.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(azureStorageKeyNoExpiry, model))).toEqual([[], []]);
  });

  it('does not decide when `keyPolicy.keyExpirationPeriodInDays` is not known', () => {
    expect(
      says(azureStorageKeyNoExpiry, hidden(incorrect[1], 'files', ['keyPolicy', 'keyExpirationPeriodInDays'])),
    ).toEqual(['undecided: files: when its keys expire is not known before the deployment']);
  });
});
