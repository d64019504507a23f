import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sCsiRotationOff } from './k8s-csi-rotation-off.js';

const samples = samplesOf('k8s-csi-rotation-off').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-csi-rotation-off', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sCsiRotationOff, model))).toEqual([
      ['fail: The CSI driver of driver reads a secret once.'],
      ['fail: The CSI driver of driver reads a secret once.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sCsiRotationOff, model))).toEqual([[], ['not applicable: another chart']]);
  });

  it('does not decide when `values.enableSecretRotation` is not known', () => {
    expect(says(k8sCsiRotationOff, hidden(incorrect[1], 'driver', ['values', 'enableSecretRotation']))).toEqual([
      'undecided: driver: whether the driver reads secrets again is not known before the deployment',
    ]);
  });
});
