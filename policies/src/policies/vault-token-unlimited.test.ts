import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { vaultTokenUnlimited } from './vault-token-unlimited.js';

const samples = samplesOf('vault-token-unlimited').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('vault-token-unlimited', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(vaultTokenUnlimited, model))).toEqual([
      ['fail: The token token has no time to live of its own.'],
      ['fail: The token token has no time to live of its own.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(vaultTokenUnlimited, model))).toEqual([[], []]);
  });

  it('does not decide when `ttl` is not known', () => {
    expect(says(vaultTokenUnlimited, hidden(incorrect[1], 'token', ['ttl']))).toEqual([
      'undecided: token: how long it lives is not known before the deployment',
    ]);
  });
});
