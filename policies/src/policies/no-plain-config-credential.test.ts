import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, modelOf, Origin, resource, says } from '../testing.js';
import { noPlainConfigCredential } from './no-plain-config-credential.js';

const samples = samplesOf('no-plain-config-credential').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('no-plain-config-credential', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(noPlainConfigCredential, model))).toEqual([
      ['fail: `password` of db comes from the configuration password, which is read as plain text.'],
      ['fail: `authToken` of cache comes from the configuration token, which is read as plain text.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(noPlainConfigCredential, model))).toEqual([[], []]);
  });

  it('does not decide when `password` is not known', () => {
    expect(says(noPlainConfigCredential, hidden(incorrect[0], 'db', ['password']))).toEqual([
      'undecided: db: where `password` comes from is not known before the deployment',
    ]);
  });

  it.each([
    { name: 'plain', provenance: { kind: 'plain-config', key: 'app:password' } as const, is: 'fail' },
    { name: 'secret', provenance: { kind: 'secret-config', key: 'app:password' } as const, is: undefined },
    { name: 'a file', provenance: { kind: 'file', path: 'password.txt' } as const, is: undefined },
  ])('judges by the configuration, and not by the mark: $name', ({ provenance, is }) => {
    const db = resource('aws:rds/instance:Instance', 'db', { password: new Origin(provenance) });
    expect(says(noPlainConfigCredential, modelOf(db))[0]?.split(':')[0]).toBe(is);
  });

  it('does not decide where secret marks are hidden', () => {
    const db = resource('aws:rds/instance:Instance', 'db', {
      password: new Origin({ kind: 'plain-config', key: 'app:password' }, 'x'),
    });
    expect(says(noPlainConfigCredential, { ...modelOf(db), secretMarks: 'hidden' })).toEqual([
      'undecided: db: whether the configuration of `password` is secret is not known before the deployment',
    ]);
  });
});
