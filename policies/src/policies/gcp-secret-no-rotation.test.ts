import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { gcpSecretNoRotation } from './gcp-secret-no-rotation.js';

const samples = samplesOf('gcp-secret-no-rotation').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('gcp-secret-no-rotation', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(gcpSecretNoRotation, model))).toEqual([
      ['fail: Nothing asks for a rotation of db.'],
      ['fail: db is to be rotated every 91 days, and the limit is 90.'],
      ['fail: db has a rotation period, and nobody is told.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(gcpSecretNoRotation, model))).toEqual([[], []]);
  });

  it('does not decide when `rotation` is not known', () => {
    expect(says(gcpSecretNoRotation, hidden(incorrect[1], 'db', ['rotation']))).toEqual([
      'undecided: db: how often it is rotated is not known before the deployment',
    ]);
  });
});
