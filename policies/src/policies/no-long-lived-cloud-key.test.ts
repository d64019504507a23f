import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { modelOf, resource, unknown, says } from '../testing.js';
import { noLongLivedCloudKey } from './no-long-lived-cloud-key.js';

const samples = samplesOf('no-long-lived-cloud-key').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('no-long-lived-cloud-key', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(noLongLivedCloudKey, model))).toEqual([
      ['fail: deploy is an access key without an end.'],
      ['fail: deploy is a key of a service account without an end.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(noLongLivedCloudKey, model))).toEqual([[], [], []]);
  });

  it('does not decide when the status is not known, and leaves inactive keys alone', () => {
    const key = (status: unknown) => modelOf(resource('aws:iam/accessKey:AccessKey', 'key', { status }));
    expect(says(noLongLivedCloudKey, key(unknown))).toEqual([
      'undecided: key: whether it is active is not known before the deployment',
    ]);
    expect(says(noLongLivedCloudKey, key('Inactive'))).toEqual([]);
  });
});
