import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { vaultLeaseTooLong } from './vault-lease-too-long.js';

const samples = samplesOf('vault-lease-too-long').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('vault-lease-too-long', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(vaultLeaseTooLong, model))).toEqual([
      ['fail: Credentials of role can live for 8760 hours, and the limit is 768.'],
      ['fail: role has a `defaultTtl` of 86400 s, which its `maxTtl` of 3600 s cuts short.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(vaultLeaseTooLong, model))).toEqual([[], []]);
  });

  it('does not decide when `maxTtl` is not known', () => {
    expect(says(vaultLeaseTooLong, hidden(incorrect[0], 'role', ['maxTtl']))).toEqual([
      'undecided: role: how long its credentials live is not known before the deployment',
    ]);
  });
});
