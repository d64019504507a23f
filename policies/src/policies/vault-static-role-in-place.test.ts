import { componentTypes } from '@keyturn/plan';
import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, modelOf, resource, says } from '../testing.js';
import { vaultStaticRoleInPlace } from './vault-static-role-in-place.js';

const samples = samplesOf('vault-static-role-in-place').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('vault-static-role-in-place', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(vaultStaticRoleInPlace, model))).toEqual([
      ['fail: role changes the password of one user, without an overlap.'],
      ['fail: role changes the password of one user, without an overlap.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(vaultStaticRoleInPlace, model))).toEqual([[], []]);
  });

  it('does not decide when `rotationPeriod` is not known', () => {
    expect(says(vaultStaticRoleInPlace, hidden(incorrect[0], 'role', ['rotationPeriod']))).toEqual([
      'undecided: role: whether it is rotated is not known before the deployment',
    ]);
  });

  it('says nothing about the roles of a pair', () => {
    const pair = resource(componentTypes.vaultStaticRolePair, 'pair');
    const role = (parent: string) =>
      resource(
        'vault:database/secretBackendStaticRole:SecretBackendStaticRole',
        'a',
        { rotationPeriod: 60 },
        { parent },
      );
    expect(says(vaultStaticRoleInPlace, modelOf(pair, role(pair.urn)))).toEqual([]);
    expect(says(vaultStaticRoleInPlace, modelOf(pair, role('urn:other')))).toHaveLength(1);
  });
});
