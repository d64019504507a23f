import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { azureSqlAdminPassword } from './azure-sql-admin-password.js';

const samples = samplesOf('azure-sql-admin-password').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('azure-sql-admin-password', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(azureSqlAdminPassword, model))).toEqual([
      ['fail: sql takes the password of one administrator.'],
      ['fail: sql takes the password of one administrator.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(azureSqlAdminPassword, model))).toEqual([[], []]);
  });

  it('does not decide when `administrators` is not known', () => {
    expect(says(azureSqlAdminPassword, hidden(incorrect[1], 'sql', ['administrators']))).toEqual([
      'undecided: sql: whether it takes passwords is not known before the deployment',
    ]);
  });
});
