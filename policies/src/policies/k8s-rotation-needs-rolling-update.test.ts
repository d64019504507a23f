import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sRotationNeedsRollingUpdate } from './k8s-rotation-needs-rolling-update.js';

const samples = samplesOf('k8s-rotation-needs-rolling-update').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-rotation-needs-rolling-update', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sRotationNeedsRollingUpdate, model))).toEqual([
      ['fail: web stops all of its pods at once when its Secret changes.'],
      ['fail: web may stop 2 of its 2 pods at once when it is restarted after a rotation.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sRotationNeedsRollingUpdate, model))).toEqual([[], []]);
  });

  it('does not decide when `spec.template.spec.containers.0.envFrom.0.secretRef.name` is not known', () => {
    expect(
      says(
        k8sRotationNeedsRollingUpdate,
        hidden(incorrect[0], 'web', ['spec', 'template', 'spec', 'containers', 0, 'envFrom', 0, 'secretRef', 'name']),
      ),
    ).toEqual(['undecided: web: whether a rotation stops all of its pods is not known before the deployment']);
  });
});
