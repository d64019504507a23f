import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { noWriteOnlyInClear } from './no-write-only-in-clear.js';

const samples = samplesOf('no-write-only-in-clear').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('no-write-only-in-clear', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(noWriteOnlyInClear, model))).toEqual([
      ['fail: `postgresql.passwordWo` of app is write-only, and is kept in clear text.'],
      ['fail: `postgresqls[0].passwordWo` of app is write-only, and is kept in clear text.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(noWriteOnlyInClear, model))).toEqual([[], []]);
  });

  it('does not decide when `postgresql.passwordWo` is not known', () => {
    expect(says(noWriteOnlyInClear, hidden(incorrect[0], 'app', ['postgresql', 'passwordWo']))).toEqual([
      'undecided: app: whether `postgresql.passwordWo` is marked secret is not known before the deployment',
    ]);
  });
});
