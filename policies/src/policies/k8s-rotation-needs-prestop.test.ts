import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sRotationNeedsPrestop } from './k8s-rotation-needs-prestop.js';

const samples = samplesOf('k8s-rotation-needs-prestop').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-rotation-needs-prestop', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sRotationNeedsPrestop, model))).toEqual([
      ['fail: Container app of web serves, is restarted by a rotation, and ends at once.'],
      ['fail: Container app of web serves, is restarted by a rotation, and ends at once.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sRotationNeedsPrestop, model))).toEqual([[], []]);
  });

  it('does not decide when `spec.template.spec.containers.0.lifecycle` is not known', () => {
    expect(
      says(
        k8sRotationNeedsPrestop,
        hidden(incorrect[1], 'web', ['spec', 'template', 'spec', 'containers', 0, 'lifecycle']),
      ),
    ).toEqual(['undecided: web: whether container app waits before it ends is not known before the deployment']);
  });
});
