import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { noSecretBakedAtDeploy } from './no-secret-baked-at-deploy.js';

const samples = samplesOf('no-secret-baked-at-deploy').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('no-secret-baked-at-deploy', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(noSecretBakedAtDeploy, model))).toEqual([
      [
        'fail: `environment.variables.DB_PASSWORD` of api is fetched while the program runs, and stays what it was until the next deployment.',
      ],
      [
        'fail: `stringData.password` of login is fetched while the program runs, and stays what it was until the next deployment.',
      ],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(noSecretBakedAtDeploy, model))).toEqual([[], []]);
  });

  it('does not decide when `environment.variables.DB_PASSWORD` is not known', () => {
    expect(
      says(noSecretBakedAtDeploy, hidden(incorrect[0], 'api', ['environment', 'variables', 'DB_PASSWORD'])),
    ).toEqual([
      'undecided: where `environment.variables.DB_PASSWORD` of api comes from is not known before the deployment',
    ]);
  });
});
