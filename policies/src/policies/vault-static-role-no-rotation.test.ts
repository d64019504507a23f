import { componentTypes } from '@keyturn/plan';
import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { vaultStaticRoleNoRotation } from './vault-static-role-no-rotation.js';

const samples = samplesOf('vault-static-role-no-rotation').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('vault-static-role-no-rotation', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(vaultStaticRoleNoRotation, model))).toEqual([
      ['fail: role is never rotated.'],
      ['fail: role is rotated every 365 days, and the limit is 90.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(vaultStaticRoleNoRotation, model))).toEqual([[], []]);
  });

  it('leaves the pace of a pair to its plan, which the component has checked', () => {
    const slow = incorrect[1];
    const inPair = slow && {
      ...slow,
      resources: slow.resources.map((resource) => ({
        ...resource,
        urn: resource.urn.replace('vault:database', `${componentTypes.vaultStaticRolePair}$vault:database`),
      })),
    };
    expect(inPair?.resources[0]?.urn).toContain(componentTypes.vaultStaticRolePair);
    expect(inPair && says(vaultStaticRoleNoRotation, inPair)).toEqual([]);
  });

  it('does not decide when `rotationPeriod` is not known', () => {
    expect(says(vaultStaticRoleNoRotation, hidden(incorrect[1], 'role', ['rotationPeriod']))).toEqual([
      'undecided: role: how often it is rotated is not known before the deployment',
    ]);
  });
});
