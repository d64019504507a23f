import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { vaultMissingRevocation } from './vault-missing-revocation.js';

const samples = samplesOf('vault-missing-revocation').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('vault-missing-revocation', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(vaultMissingRevocation, model))).toEqual([
      ['fail: role does not say how its users are taken away.'],
      ['fail: role does not say how its users are taken away.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(vaultMissingRevocation, model))).toEqual([[], []]);
  });

  it('does not decide when `revocationStatements` is not known', () => {
    expect(says(vaultMissingRevocation, hidden(incorrect[1], 'role', ['revocationStatements']))).toEqual([
      'undecided: role: how its users are taken away is not known before the deployment',
    ]);
  });
});
