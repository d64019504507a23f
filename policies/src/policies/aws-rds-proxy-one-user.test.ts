import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { awsRdsProxyOneUser } from './aws-rds-proxy-one-user.js';

const samples = samplesOf('aws-rds-proxy-one-user').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('aws-rds-proxy-one-user', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(awsRdsProxyOneUser, model))).toEqual([
      ['fail: proxy knows one secret, and db is rotated.'],
      ['fail: proxy knows one secret, and db is rotated.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(awsRdsProxyOneUser, model))).toEqual([[], []]);
  });

  it('does not decide when `auths.0.secretArn` is not known', () => {
    expect(says(awsRdsProxyOneUser, hidden(incorrect[0], 'proxy', ['auths', 0, 'secretArn']))).toEqual([
      'undecided: proxy: whether its secret is rotated is not known before the deployment',
    ]);
  });
});
