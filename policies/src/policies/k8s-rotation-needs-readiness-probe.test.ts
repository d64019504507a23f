import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, says } from '../testing.js';
import { k8sRotationNeedsReadinessProbe } from './k8s-rotation-needs-readiness-probe.js';

const samples = samplesOf('k8s-rotation-needs-readiness-probe').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('k8s-rotation-needs-readiness-probe', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(k8sRotationNeedsReadinessProbe, model))).toEqual([
      ['fail: Container app of web is restarted by a rotation, and nothing asks whether it is ready.'],
      ['fail: Container app of web is restarted by a rotation, and nothing asks whether it is ready.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(k8sRotationNeedsReadinessProbe, model))).toEqual([[], []]);
  });

  it('does not decide when `spec.template.spec.containers.0.readinessProbe` is not known', () => {
    expect(
      says(
        k8sRotationNeedsReadinessProbe,
        hidden(incorrect[1], 'web', ['spec', 'template', 'spec', 'containers', 0, 'readinessProbe']),
      ),
    ).toEqual([
      'undecided: web: whether container app is asked when it is ready after a rotation is not known before the deployment',
    ]);
  });
});
